/**
 * The job compiler: what a client asks for, checked against its scene and the farm, made complete. Pure: the same input
 * gives the same layers. Tasks are not made here; a layer's tasks are a cursor over its frames.
 */
import {
  ASSET_KINDS,
  addRequires,
  type Backend,
  type Capability,
  type ClassPolicy,
  checkFilms,
  checkGridded,
  checkImageFormat,
  checkTracedSettings,
  chunkFrames,
  completeFilm,
  completeSettings,
  type Division,
  divisionOf,
  ENGINE_ABILITIES,
  FILM_FORMATS,
  type FilmMaker,
  type FilmPlan,
  frameCount,
  gapsOf,
  type ImportReport,
  type JobRequest,
  KilnError,
  type LayerNeed,
  type LayerRequest,
  type LayerTests,
  LIMITS,
  layerNames,
  layerNeeds,
  layerTests,
  parseFrameRange,
  partsPerFrame,
  type Refusal,
  type RenderSettings,
  type Requires,
  SCENE_ENVIRONMENT,
  type SceneNeeds,
  type SceneState,
  type UploadKind,
} from '@kiln/shared';
import { checkCamera } from './check-camera.ts';
import { checkClips } from './check-clips.ts';
import { checkEdits } from './check-edits.ts';
import { LISTED_NAMES } from './choices.ts';
import { frameTimeoutOf } from './frame-time.ts';
import { sceneNeedsOf } from './scene-needs.ts';

/** What the compiler must know of the scene. */
export interface CompilerScene {
  readonly id: string;
  readonly kind: UploadKind;
  readonly name: string;
  readonly state: SceneState;
  readonly report: ImportReport | null;
  readonly refusal: Refusal | null;
}

/** What the workers that are here can draw with; empty when there is none. */
export type FarmAbilities = readonly Capability[];

interface CompiledLayer {
  readonly name: string;
  readonly frames: string;
  readonly frameCount: number;
  readonly chunk: number;
  /** What tasks are meant to take; null where their frames are counted. */
  readonly chunkSec: number | null;
  readonly tests: LayerTests | null;
  readonly taskCount: number;
  readonly films: readonly FilmPlan[];
  readonly needs: readonly LayerNeed[];
  readonly limits: readonly string[];
  /** With what the job requires; null: anything. */
  readonly requires: Requires | null;
  readonly ownRequires: Requires | null;
  /** Null: any worker holds its scene. */
  readonly sceneNeeds: SceneNeeds | null;
  readonly settings: RenderSettings;
  readonly division: Division | null;
  readonly frameTimeoutMs: number;
}

export interface CompiledJob {
  readonly name: string;
  readonly user: string | null;
  readonly tags: readonly string[];
  readonly limits: readonly string[];
  /** Null: as it comes. */
  readonly maxSlots: number | null;
  readonly maxPerHost: number | null;
  readonly priority: number;
  readonly maxAttempts: number;
  /** Null: any number. */
  readonly maxFailedTasks: number | null;
  /** Ids of the jobs that it comes after. */
  readonly after: readonly string[];
  /** The longest of its layers'. */
  readonly frameTimeoutMs: number;
  readonly classPolicy: ClassPolicy;
  readonly frameCount: number;
  readonly layers: readonly CompiledLayer[];
}

const DEFAULT_PRIORITY = 50;

/** What a farm without workers takes in the hope of one: every worker of this version can do it. */
const EXPECTED_ABILITIES: FarmAbilities = ENGINE_ABILITIES.filter(({ backend }) => backend === 'webgl');

/**
 * @param abilities of the workers that are here now; when it is empty, what every worker can do is accepted.
 * @param filmMakers of the same; null when there are none.
 * @throws KilnError `scene.not_ready`, `scene.refused`, `job.bad_frame_range`, `job.unknown_camera`, `job.unknown_clip`,
 *   `job.unknown_name`, `job.unsupported`, `job.too_large` or `request.invalid`, with the field's path.
 */
export function compileJob(
  request: JobRequest,
  scene: CompilerScene,
  abilities: FarmAbilities,
  filmMakers: readonly FilmMaker[] | null = null,
): CompiledJob {
  const report = usableReport(scene);
  const names = layerNames(request.layers);
  const needs = layerNeeds(request.layers);
  const { frameTimeoutMs } = request;
  const plain = request.layers.map((layer, index) =>
    compileLayer(layer, `/layers/${index}`, names[index] ?? '', report, { abilities, filmMakers, frameTimeoutMs }),
  );
  const tests = layerTests(request);
  const layers = plain.map((layer, index) =>
    sliced({
      ...layer,
      needs: needs[index] ?? [],
      requires: requiresOf(request, index),
      ownRequires: request.layers[index]?.requires ?? null,
      tests: tests[index] ?? null,
    }),
  );
  let frames = 0;
  let tasks = 0;
  layers.forEach((layer, index) => {
    frames += layer.frameCount;
    tasks += layer.taskCount;
    checkFrames(frames, `/layers/${index}/frames`);
    checkTasks(tasks, `/layers/${index}`, request.layers[index]);
  });
  return {
    name: request.name ?? scene.name,
    user: request.user ?? null,
    tags: request.tags ?? [],
    limits: request.limits ?? [],
    maxSlots: request.maxSlots ?? null,
    maxPerHost: request.maxPerHost ?? null,
    priority: request.priority ?? DEFAULT_PRIORITY,
    maxAttempts: request.maxAttempts ?? LIMITS.taskAttempts,
    maxFailedTasks: request.maxFailedTasks ?? null,
    after: request.after ?? [],
    frameTimeoutMs: Math.max(...layers.map((layer) => layer.frameTimeoutMs)),
    classPolicy: request.classPolicy ?? 'strict',
    frameCount: frames,
    layers,
  };
}

function usableReport(scene: CompilerScene): ImportReport {
  if (scene.kind !== 'scene') {
    throw new KilnError('request.invalid', `${scene.id} is ${ASSET_KINDS[scene.kind].name}: name a scene`, {
      field: '/sceneId',
    });
  }
  if (scene.state === 'refused') {
    const why = scene.refusal ? `: ${scene.refusal.message}` : '';
    throw new KilnError('scene.refused', `scene ${scene.id} was refused at import${why}; upload a corrected one`, {
      field: '/sceneId',
    });
  }
  if (scene.state !== 'ready' || !scene.report) {
    throw new KilnError('scene.not_ready', `scene ${scene.id} is ${scene.state}; submit the job when it is ready`, {
      field: '/sceneId',
    });
  }
  return scene.report;
}

function compileLayer(
  request: LayerRequest,
  path: string,
  name: string,
  report: ImportReport,
  {
    abilities,
    filmMakers,
    frameTimeoutMs: askedMs,
  }: { abilities: FarmAbilities; filmMakers: readonly FilmMaker[] | null; frameTimeoutMs: number | undefined },
): Omit<CompiledLayer, 'needs' | 'requires' | 'ownRequires' | 'tests'> {
  const settings = completeSettings(request);
  checkImageFormat(settings, path);
  checkTracedSettings(settings, path);
  checkGridded(settings, path);
  checkEngine(settings, path, abilities);
  checkGaps(settings, path, report);
  checkTriangles(settings, path, report);
  checkEnvironment(settings, path, report);
  checkCamera(settings, path, report);
  checkClips(settings, path, report);
  checkEdits(settings, path, report);
  const count = countFrames(request.frames, `${path}/frames`);
  const chunk = chunkFrames(request.chunk);
  const division = divisionOf({ ...request, chunk }, settings, path);
  const taskCount = division ? count * partsPerFrame(division) : Math.ceil(count / chunk);
  const films = (request.films ?? []).map(completeFilm);
  checkFilms(films, { ...settings, frames: request.frames, frameCount: count }, path);
  checkFilmMakers(films, filmMakers, path);
  const frameTimeoutMs = frameTimeoutOf(settings, askedMs, path);
  return {
    name,
    frames: request.frames,
    frameCount: count,
    chunk,
    // Of a frame that is divided, or whose sums are stored on the way, each task has one.
    chunkSec: division === null && typeof request.chunk === 'object' ? request.chunk.seconds : null,
    taskCount,
    films,
    limits: request.limits ?? [],
    sceneNeeds: sceneNeedsOf(report, settings.engine),
    settings,
    division,
    frameTimeoutMs,
  };
}

/** With what the job requires. */
function requiresOf({ requires, layers }: JobRequest, index: number): Requires | null {
  const all = addRequires(requires, layers[index]?.requires);
  if ((all?.tags?.length ?? 0) <= LIMITS.workerTags) return all;
  const message = `a layer requires at most ${LIMITS.workerTags} tags with those of its job, and a worker has no more`;
  throw new KilnError('request.invalid', message, { field: `/layers/${index}/requires/tags` });
}

/** Test frames are tasks of their own. */
function sliced(layer: CompiledLayer): CompiledLayer {
  const { tests, division, frameCount: count, chunk } = layer;
  if (tests === null || division !== null) return layer;
  return { ...layer, taskCount: tests.frames.length + Math.ceil((count - tests.frames.length) / chunk) };
}

/** @param count of this layer and those before it. */
function checkFrames(count: number, field: string): void {
  if (count <= LIMITS.jobFrames) return;
  const message = `a job has at most ${LIMITS.jobFrames} frames, and this layer brings it to ${count}; submit it as several jobs`;
  throw new KilnError('job.too_large', message, { field });
}

/**
 * Of layers that are not divided there are no more tasks than frames.
 *
 * @param count of this layer and those before it.
 */
function checkTasks(count: number, path: string, { splitSamples = 1 }: Partial<LayerRequest> = {}): void {
  if (count <= LIMITS.jobFrames) return;
  const field = `${path}/${splitSamples > 1 ? 'splitSamples' : 'tiles'}`;
  const message = `a job has at most ${LIMITS.jobFrames} tasks, and this layer’s frames in parts bring it to ${count}; use fewer of either`;
  throw new KilnError('job.too_large', message, { field });
}

/** Every worker makes films in its page; for `ffmpeg` one must be here that has it. */
function checkFilmMakers(films: readonly FilmPlan[], makers: readonly FilmMaker[] | null, path: string): void {
  const known = makers ?? ['page'];
  films.forEach(({ format }, index) => {
    const { maker, name } = FILM_FORMATS[format];
    if (known.includes(maker)) return;
    const why =
      maker === 'ffmpeg' ? 'no worker has ffmpeg; install it beside one' : 'no worker makes films; update them';
    throw new KilnError('job.unsupported', `${name}: ${why}`, { field: `${path}/films/${index}/format` });
  });
}

function countFrames(expression: string, field: string): number {
  try {
    return frameCount(parseFrameRange(expression));
  } catch (cause) {
    if (!(cause instanceof KilnError)) throw cause;
    const detail = cause.position === undefined ? { field } : { field, position: cause.position };
    throw new KilnError(cause.code, cause.message, detail);
  }
}

function checkEngine({ engine, backend }: RenderSettings, path: string, abilities: FarmAbilities): void {
  const known = abilities.length > 0 ? abilities : EXPECTED_ABILITIES;
  const ofEngine = known.filter((ability) => ability.engine === engine);
  if (ofEngine.length === 0) {
    const engines = [...new Set(known.map((ability) => ability.engine))].join(', ');
    throw new KilnError('job.unsupported', `no worker has the engine "${engine}"; use one of: ${engines}`, {
      field: `${path}/engine`,
    });
  }
  if (ofEngine.some((ability) => covers(ability.backend, backend))) return;
  const backends = ofEngine.map((ability) => ability.backend).join(', ');
  throw new KilnError(
    'job.unsupported',
    `no worker draws "${engine}" with "${backend}"; use "auto" or one of: ${backends}`,
    { field: `${path}/backend` },
  );
}

/** Points and lines and what else an engine cannot draw: a picture without them would be another one. */
function checkGaps(settings: RenderSettings, path: string, report: ImportReport): void {
  const { engine } = settings;
  const missing = gapsOf(report, settings);
  if (missing.length === 0) return;
  const others = [...new Set(ENGINE_ABILITIES.map((ability) => ability.engine))].filter(
    (other) => gapsOf(report, { ...settings, engine: other }).length === 0,
  );
  const listed = missing.slice(0, LISTED_NAMES).join(', ');
  throw new KilnError(
    'job.unsupported',
    `the engine "${engine}" cannot draw all of this scene: ${listed}; use ${others.join(' or ')}`,
    { field: `${path}/engine` },
  );
}

/** More than path tracing holds in memory. */
function checkTriangles({ engine }: RenderSettings, path: string, { triangles }: ImportReport): void {
  if (engine !== 'pathtrace' || triangles <= LIMITS.tracedTriangles) return;
  throw new KilnError(
    'job.too_large',
    `path tracing takes scenes of at most ${LIMITS.tracedTriangles} triangles, and this one draws ${triangles}; use raster`,
    { field: `${path}/engine` },
  );
}

/** Whether a worker's back end serves what a layer asks for. */
export const covers = (has: Backend, asked: RenderSettings['backend']): boolean => asked === 'auto' || asked === has;

function checkEnvironment({ environment }: RenderSettings, path: string, report: ImportReport): void {
  if (environment !== SCENE_ENVIRONMENT || report.environment) return;
  const message = 'the scene has no environment of its own; choose a built-in one such as "studio", or upload one';
  throw new KilnError('job.unsupported', message, { field: `${path}/environment` });
}
