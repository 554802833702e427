/** The file that `kiln submit` takes: a job as people write it, in YAML or JSON. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { ENVIRONMENT_NAMES } from '../environments.ts';
import { LIMITS } from '../limits.ts';
import { BOUNDS } from './bounds.ts';
import { FilmFormat, FilmRequest } from './film.ts';
import { FRAME_EXPRESSION, JobRequest, LayerRequest } from './job.ts';
import { LABELS } from './labels.ts';
import { AssetReference } from './light.ts';
import { REQUIRES } from './requires.ts';
import { Size } from './settings.ts';

const FilePath = (description: string) => Type.String({ minLength: 1, maxLength: LIMITS.filePathChars, description });

const FileSize = Type.Union(
  [Type.String({ pattern: '^[1-9]\\d{0,4}[x×][1-9]\\d{0,4}$', description: 'Size as in 1920x1080.' }), Size],
  { description: 'In pixels: 1920x1080.' },
);

const FileFilm = Type.Object(
  {
    ...FilmRequest.properties,
    audio: Type.Optional(FilePath('Sound file (WAV, MP3, AAC in MP4, Ogg, FLAC), from the folder of this file on.')),
  },
  { additionalProperties: false, description: 'Made of the layer’s frames in their order, at its `fps`.' },
);

export const JobFileLayer = Type.Object(
  {
    ...LayerRequest.properties,
    size: FileSize,
    frames: Type.Union([LayerRequest.properties.frames, Type.Integer()], {
      description: FRAME_EXPRESSION,
    }),
    environment: Type.Optional(
      Type.Union(
        [
          Type.Enum([...ENVIRONMENT_NAMES]),
          AssetReference,
          FilePath('Panorama .hdr or .exr, from the folder of this file on.'),
        ],
        { description: 'Light from all around: a name, or a panorama .hdr or .exr, from the folder of this file on.' },
      ),
    ),
    lut: Type.Optional(
      Type.Union([FilePath('Look-up table .cube, from the folder of this file on.'), AssetReference, Type.Null()], {
        description: 'Look-up table .cube, applied after tone mapping, from the folder of this file on.',
      }),
    ),
    films: Type.Optional(Type.Array(FileFilm, { maxItems: FilmFormat.enum.length })),
  },
  { additionalProperties: false },
);
export type JobFileLayer = Static<typeof JobFileLayer>;

const ParameterValue = Type.Union([Type.String(), Type.Number(), Type.Boolean()]);
export type ParameterValue = Static<typeof ParameterValue>;

/** Its default, which says of what type it is; or its type, and maybe no default: then it must be set. */
export const JobParameter = Type.Union([
  ...ParameterValue.anyOf,
  Type.Object(
    {
      type: Type.Enum(['string', 'number', 'boolean']),
      default: Type.Optional(ParameterValue),
      description: Type.Optional(Type.String()),
    },
    { additionalProperties: false },
  ),
]);
export type JobParameter = Static<typeof JobParameter>;

export const JobFile = Type.Object(
  {
    $schema: Type.Optional(Type.String({ description: 'Address of this schema, for editors.' })),
    name: Type.Optional(Type.String({ ...JobRequest.properties.name, description: 'Name of the job.' })),
    scene: FilePath('Scene file, or folder that holds one, from the folder of this file on; or the id of a scene.'),
    parameters: Type.Optional(
      Type.Object(
        {},
        {
          additionalProperties: JobParameter,
          description: `What \`--set name=value\` may change, with its default. \`\${name}\` stands for it in any text of this file; a value that is nothing else has its type.`,
        },
      ),
    ),
    layers: Type.Array(JobFileLayer, { minItems: 1, maxItems: LIMITS.jobLayers }),
    ...LABELS,
    ...BOUNDS,
    ...REQUIRES,
    priority: JobRequest.properties.priority,
    retries: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: LIMITS.taskAttemptsMax - 1,
        default: LIMITS.taskAttempts - 1,
        description: 'How often a task that failed is tried again.',
      }),
    ),
    maxFailedTasks: JobRequest.properties.maxFailedTasks,
    after: JobRequest.properties.after,
    budget: JobRequest.properties.budget,
    testFrames: JobRequest.properties.testFrames,
    timeoutMs: JobRequest.properties.frameTimeoutMs,
    classPolicy: JobRequest.properties.classPolicy,
    notify: JobRequest.properties.notify,
  },
  { additionalProperties: false },
);
export type JobFile = Static<typeof JobFile>;
