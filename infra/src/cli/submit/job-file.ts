/** A job file, checked as far as it can be without the farm, and the request that it makes. */
import { dirname, resolve } from 'node:path';
import {
  type AssetReference,
  ENVIRONMENT_NAMES,
  type FilmRequest,
  JobFile,
  type JobFileLayer,
  type JobRequest,
  KilnError,
  type LayerRequest,
  LIMITS,
  layerNeeds,
  layerTests,
  matches,
  parse,
  parseBudget,
  Size,
  type Soundtrack,
} from '@kiln/shared';
import { boundsOf } from '../bound-options.ts';
import { checkLayer } from '../layer-check.ts';
import { checkSound } from '../render/sound.ts';
import { isSceneId } from '../render/submit-job.ts';
import { checkAsset } from '../scene/add-asset.ts';
import { readSceneSource } from '../scene/scene-source.ts';
import { atPlace, inJobFile, jobFileError } from './job-file-names.ts';
import { type JobFileText, readJobFile } from './job-file-text.ts';
import { type Settings, withParameters } from './parameters.ts';
import { fieldName } from './pointers.ts';

/** A file of this disk that a layer names; what it becomes on the farm belongs at its place in the request. */
export type LocalFile =
  | { readonly kind: 'environment' | 'lut'; readonly layer: number; readonly path: string }
  | { readonly kind: 'audio'; readonly layer: number; readonly film: number; readonly path: string };

export interface JobOfFile {
  readonly text: JobFileText;
  /** Path of a scene on this disk, or id of one on the farm. */
  readonly source: string;
  /** Without what comes from files of this disk. */
  readonly job: Omit<JobRequest, 'sceneId'>;
  readonly files: readonly LocalFile[];
}

/**
 * @throws KilnError with file, place and field: `request.invalid`, `job.…`, `scene.…` for what the farm would refuse;
 *   `request.invalid` for a setting that is none.
 */
export async function readJob(path: string, settings: Settings): Promise<JobOfFile> {
  const text = await readJobFile(path);
  const value = withParameters(text, settings);
  const file = checked(text, value);
  try {
    return await jobOf(text, file);
  } catch (error) {
    throw inJobFile(error, text);
  }
}

function checked(text: JobFileText, value: unknown): JobFile {
  try {
    return parse(JobFile, value, 'the job file');
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    const { field = '' } = error;
    const message = error.message.replace(`${field} of the job file`, field === '' ? 'the job file' : fieldName(field));
    throw jobFileError(text, field, message, error);
  }
}

async function jobOf(text: JobFileText, file: JobFile): Promise<JobOfFile> {
  const folder = dirname(text.path);
  const layers = file.layers.map(layerOf);
  const files = file.layers.flatMap((layer, index) => filesOf(layer, index, folder));
  layerNeeds(layers);
  if (file.budget !== undefined) parseBudget(file.budget);
  layerTests({ layers, ...(file.testFrames === undefined ? {} : { testFrames: file.testFrames }) });
  layers.forEach((layer, index) => {
    within(`/layers/${index}`, () => checkLayer(layer));
  });
  for (const one of files) await checkFile(text, one);
  return { text, source: await sourceOf(text, file.scene, folder), job: { ...restOf(file), layers }, files };
}

/** Settings of the job as a whole, by their names in requests. */
function restOf({
  name,
  priority,
  retries,
  maxFailedTasks,
  after,
  budget,
  testFrames,
  timeoutMs,
  classPolicy,
  notify,
  user,
  tags,
  requires,
  ...rest
}: JobFile): Omit<JobRequest, 'sceneId' | 'layers'> {
  return {
    ...(name === undefined ? {} : { name }),
    ...(priority === undefined ? {} : { priority }),
    ...(retries === undefined ? {} : { maxAttempts: retries + 1 }),
    ...(maxFailedTasks === undefined ? {} : { maxFailedTasks }),
    ...(after === undefined ? {} : { after }),
    ...(budget === undefined ? {} : { budget }),
    ...(testFrames === undefined ? {} : { testFrames }),
    ...(timeoutMs === undefined ? {} : { frameTimeoutMs: timeoutMs }),
    ...(classPolicy === undefined ? {} : { classPolicy }),
    ...(notify === undefined ? {} : { notify }),
    ...(user === undefined ? {} : { user }),
    ...(tags === undefined ? {} : { tags }),
    ...(requires === undefined ? {} : { requires }),
    ...boundsOf(rest),
  };
}

function layerOf({ size, frames, environment, lut, films, ...layer }: JobFileLayer, index: number): LayerRequest {
  return {
    ...layer,
    size: sizeOf(size, `/layers/${index}/size`),
    frames: String(frames),
    ...(environment === undefined || (typeof environment === 'string' && !isBuiltIn(environment))
      ? {}
      : { environment }),
    ...(lut === undefined || typeof lut === 'string' ? {} : { lut }),
    ...(films === undefined ? {} : { films: films.map(({ audio: _audio, ...film }) => film) }),
  };
}

function sizeOf(size: JobFileLayer['size'], field: string): Size {
  if (typeof size !== 'string') return size;
  const [widthPx, heightPx] = size.split(/[x×]/).map(Number);
  const read = { widthPx, heightPx };
  if (matches(Size, read)) return read;
  const message = `expected edges of 1 to ${LIMITS.frameEdgePx} pixels, as in 1920x1080, got ${size}`;
  throw new KilnError('request.invalid', message, { field });
}

const isBuiltIn = (text: string): text is (typeof ENVIRONMENT_NAMES)[number] =>
  ENVIRONMENT_NAMES.some((name) => name === text);

function filesOf({ environment, lut, films = [] }: JobFileLayer, layer: number, folder: string): LocalFile[] {
  const own = (kind: 'environment' | 'lut', path: unknown): LocalFile[] =>
    typeof path === 'string' ? [{ kind, layer, path: resolve(folder, path) }] : [];
  return [
    ...(typeof environment === 'string' && isBuiltIn(environment) ? [] : own('environment', environment)),
    ...own('lut', lut),
    ...films.flatMap(({ audio }, film): LocalFile[] =>
      audio === undefined ? [] : [{ kind: 'audio', layer, film, path: resolve(folder, audio) }],
    ),
  ];
}

/** The JSON Pointer of what names a file. */
export const pointerOf = (file: LocalFile): string =>
  file.kind === 'audio' ? `/layers/${file.layer}/films/${file.film}/audio` : `/layers/${file.layer}/${file.kind}`;

async function checkFile(text: JobFileText, file: LocalFile): Promise<void> {
  const pointer = pointerOf(file);
  if (file.kind === 'audio') return atPlace(text, pointer, () => checkSound(file.path));
  const others = file.kind === 'environment' ? `, and no environment: ${ENVIRONMENT_NAMES.join(', ')}` : '';
  return atPlace(text, pointer, () => checkAsset(pointer, file.path, file.kind, others));
}

async function sourceOf(text: JobFileText, scene: string, folder: string): Promise<string> {
  if (isSceneId(scene)) return scene;
  const path = resolve(folder, scene);
  await atPlace(text, '/scene', () => readSceneSource(path));
  return path;
}

/** Errors whose field is below one. */
function within<T>(path: string, check: () => T): T {
  try {
    return check();
  } catch (cause) {
    if (!(cause instanceof KilnError) || cause.field === undefined) throw cause;
    const field = `${path}${cause.field}`;
    const message = cause.message.replaceAll(`${cause.field} of the settings of the layer`, field);
    const { code, position } = cause;
    throw new KilnError(code, message, { cause, field, ...(position === undefined ? {} : { position }) });
  }
}

/**
 * The layers with what their files became.
 *
 * @param found what each file of this disk is on the farm.
 */
export function withFiles(
  layers: readonly LayerRequest[],
  files: readonly LocalFile[],
  found: (file: LocalFile) => { readonly asset: AssetReference } | { readonly sound: Soundtrack } | undefined,
): LayerRequest[] {
  return layers.map((layer, index) => {
    let whole = layer;
    for (const file of files) {
      if (file.layer !== index) continue;
      const what = found(file);
      if (!what) continue;
      if ('asset' in what && file.kind !== 'audio') whole = { ...whole, [file.kind]: what.asset };
      if ('sound' in what && file.kind === 'audio') {
        whole = { ...whole, films: withSound(whole.films ?? [], file.film, what.sound) };
      }
    }
    return whole;
  });
}

const withSound = (films: readonly FilmRequest[], at: number, audio: Soundtrack): FilmRequest[] =>
  films.map((film, index) => (index === at ? { ...film, audio } : film));
