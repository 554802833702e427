/** A scene: an immutable, content-addressed set of files with one entry file, and what its import found in it. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { UPLOAD_KINDS } from '../asset-kinds.ts';
import { Id, Sha256, Timestamp } from '../identifiers.ts';
import { LIMITS } from '../limits.ts';
import { SCENE_FORMAT_NAMES } from '../scene-formats.ts';
import { SceneState } from '../states.ts';
import { Name } from '../storable-text.ts';
import { Backend, Engine, Vector3 } from './settings.ts';

/**
 * A path inside a scene, safe to put below a folder and to hash as UTF-8: relative, `/`-separated, no empty, `.` or `..`
 * part, no drive letter, backslash, control character or unpaired surrogate. `[\s\S]` and not `.`, which stops at U+2028.
 */
export const ScenePath = Type.String({
  minLength: 1,
  maxLength: LIMITS.scenePathChars,
  pattern: [
    '^(?!/)(?![A-Za-z]:)(?![\\s\\S]*/$)(?![\\s\\S]*//)(?![\\s\\S]*(?:^|/)\\.{1,2}(?:/|$))',
    '(?![\\s\\S]*[\\ud800-\\udbff](?![\\udc00-\\udfff]))(?![\\s\\S]*(?<![\\ud800-\\udbff])[\\udc00-\\udfff])',
    '[^\\\\\\u0000-\\u001f\\u007f-\\u009f]+$',
  ].join(''),
  description: 'Path below the scene’s folder, its parts joined by `/`, none of them empty, `.` or `..`.',
});

export const SceneFile = Type.Object(
  {
    path: ScenePath,
    sha256: Sha256,
    sizeBytes: Type.Integer({ minimum: 0, maximum: LIMITS.fileBytes }),
  },
  { additionalProperties: false },
);
export type SceneFile = Static<typeof SceneFile>;

/** What a client announces before it sends bytes. */
export const SceneManifest = Type.Object(
  {
    name: Name,
    entry: ScenePath,
    files: Type.Array(SceneFile, { minItems: 1, maxItems: LIMITS.sceneFiles }),
  },
  { additionalProperties: false },
);
export type SceneManifest = Static<typeof SceneManifest>;

/** One thing the import noticed. `pointer` is the place: a JSON Pointer into the glTF, or a file's path. */
export const ImportFinding = Type.Object({
  severity: Type.Enum(['error', 'warning', 'information', 'hint']),
  code: Type.String(),
  message: Type.String(),
  pointer: Type.Union([Type.String(), Type.Null()]),
});
export type ImportFinding = Static<typeof ImportFinding>;

export const SceneCamera = Type.Object({
  /** No two are the same; those that have none in the file are `camera-0` and so on, by their place among all. */
  name: Type.String(),
  kind: Type.Enum(['perspective', 'orthographic']),
  /** Vertical field of view in degrees; null for an orthographic camera. */
  fovDeg: Type.Union([Type.Number(), Type.Null()]),
});
export type SceneCamera = Static<typeof SceneCamera>;

export const SceneClip = Type.Object({ name: Type.String(), durationSec: Type.Number() });
export type SceneClip = Static<typeof SceneClip>;

/** Who says so: the file, the format's specification, or nobody, so that it was assumed. */
const SaidBy = Type.Enum(['file', 'format', 'assumed']);

/** What a scene was converted from. In the GLB it is in metres, y up. */
export const ImportSource = Type.Object({
  format: Type.Enum([...SCENE_FORMAT_NAMES]),
  /** The file that was converted: the entry, or a file in the archive that the entry is. */
  path: Type.String(),
  metresPerUnit: Type.Number(),
  unitSaidBy: SaidBy,
  upAxis: Type.Enum(['x', 'y', 'z']),
  upAxisSaidBy: SaidBy,
  /** Bytes of the GLB that it became. */
  convertedBytes: Type.Integer(),
});
export type ImportSource = Static<typeof ImportSource>;

/** In the order of the glTF: the place in a list is the index of a JSON Pointer. Long lists are cut. */
const EditableParts = Type.Object({
  /** A name that occurs twice ends in `-2` the second time. */
  nodes: Type.Array(Type.String()),
  /** Those with a color and no more are `unlit`. Extensions that a JSON Pointer may go into. */
  materials: Type.Array(
    Type.Object({ name: Type.String(), unlit: Type.Boolean(), extensions: Type.Array(Type.String()) }),
  ),
  cameras: Type.Integer(),
  lights: Type.Integer(),
});
export type EditableParts = Static<typeof EditableParts>;

const EngineGap = Type.Object({
  engine: Engine,
  /** Absent: with every graphics interface. */
  backend: Type.Optional(Backend),
  what: Type.String(),
  /** The scene is drawn without it; else jobs with that engine are refused. */
  isDrawnWithout: Type.Optional(Type.Boolean()),
  /** Clips in which it is ever seen, where others hide it all of their time; without, in all. */
  clips: Type.Optional(Type.Array(Type.String())),
});
export type EngineGap = Static<typeof EngineGap>;

export const ImportReport = Type.Object({
  /** Of a scene that is not glTF, or came as an archive. */
  source: Type.Optional(ImportSource),
  generator: Type.Union([Type.String(), Type.Null()]),
  /** World-space box of everything visible in the first pose, metres. */
  bounds: Type.Object({ min: Vector3, max: Vector3 }),
  triangles: Type.Integer(),
  nodes: Type.Integer(),
  meshes: Type.Integer(),
  materials: Type.Integer(),
  lights: Type.Integer(),
  skins: Type.Integer(),
  morphTargets: Type.Integer(),
  textures: Type.Array(
    Type.Object({ name: Type.String(), widthPx: Type.Integer(), heightPx: Type.Integer(), mediaType: Type.String() }),
  ),
  /** Estimated bytes of GPU memory: geometry and textures with mip maps. */
  gpuBytes: Type.Integer(),
  cameras: Type.Array(SceneCamera),
  clips: Type.Array(SceneClip),
  variants: Type.Array(Type.String()),
  /** What a job may change, by name; of a scene that was imported by an earlier version nothing. */
  editable: Type.Optional(EditableParts),
  extensionsUsed: Type.Array(Type.String()),
  /** Light from all around that the scene brings along, as a panorama of this size; without, it has none that can be used. */
  environment: Type.Optional(Type.Object({ widthPx: Type.Integer(), heightPx: Type.Integer() })),
  /** The glTF has no lights: by default the built-in studio lights it. */
  usesStudioLight: Type.Boolean(),
  /** What of the scene an engine cannot draw, in words. */
  gaps: Type.Optional(Type.Array(EngineGap, { maxItems: 100 })),
  /** At most 100, the gravest first. */
  findings: Type.Array(ImportFinding),
  /** All findings, by severity: of the validator; of the conversion, where there was one. */
  findingCounts: Type.Object({
    error: Type.Integer(),
    warning: Type.Integer(),
    information: Type.Integer(),
    hint: Type.Integer(),
  }),
  importMs: Type.Number(),
});
export type ImportReport = Static<typeof ImportReport>;

/** Why a scene was refused. */
export const Refusal = Type.Object({
  code: Type.String(),
  message: Type.String(),
  pointer: Type.Union([Type.String(), Type.Null()]),
});
export type Refusal = Static<typeof Refusal>;

export const Scene = Type.Object({
  id: Id('scene'),
  kind: Type.Enum([...UPLOAD_KINDS], {
    description: 'A scene, or a file that jobs use beside their scene: an environment or a look-up table.',
  }),
  name: Type.String(),
  state: SceneState,
  /** Hash of entry and files: two scenes of the same hash draw the same pictures. */
  sceneHash: Sha256,
  entry: ScenePath,
  sizeBytes: Type.Integer(),
  files: Type.Array(SceneFile),
  /** Hashes of this tenant's missing files: what is still to be uploaded. */
  missing: Type.Array(Sha256),
  report: Type.Union([ImportReport, Type.Null()]),
  refusal: Type.Union([Refusal, Type.Null()]),
  /** Path of the thumbnail on the server, `API_PREFIX` included, when there is one. */
  thumbnailUrl: Type.Union([Type.String(), Type.Null()]),
  createdAt: Timestamp,
});
export type Scene = Static<typeof Scene>;
