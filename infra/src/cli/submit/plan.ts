/** What a job file would do: nothing is sent, nothing is queued. */
import { createHash } from 'node:crypto';
import {
  addRequires,
  allPages,
  chunkFrames,
  type Division,
  FILM_FORMATS,
  type FrameRange,
  frameFilePath,
  type JobRequest,
  type LayerRequest,
  type LayerTests,
  layerNames,
  layerTests,
  meets,
  type Pass,
  partsPerFrame,
  passFilesOf,
  type RenderSettings,
  type Requires,
  type Scene,
  sceneHashText,
  type Worker,
} from '@kiln/shared';
import type { FarmClient } from '../connection.ts';
import { checkLayer } from '../layer-check.ts';
import { isSceneId } from '../render/submit-job.ts';
import { hashFiles } from '../scene/hash-files.ts';
import { readSceneSource } from '../scene/scene-source.ts';
import type { JobOfFile } from './job-file.ts';
import { inJobFile } from './job-file-names.ts';

export interface LayerPlan {
  readonly name: string;
  readonly frames: string;
  readonly frameCount: number;
  readonly taskCount: number;
  readonly chunk: number;
  /** What tasks are meant to take; there are fewer then. */
  readonly chunkSec: number | null;
  /** Drawn first; null: none are. */
  readonly testFrames: readonly number[] | null;
  /** Null where each frame is drawn whole. */
  readonly division: Division | null;
  readonly engine: RenderSettings['engine'];
  readonly backend: RenderSettings['backend'];
  readonly samples: number;
  readonly passes: readonly Pass[];
  readonly size: RenderSettings['size'];
  readonly format: RenderSettings['format'];
  readonly files: {
    readonly count: number;
    /** Paths below the folder that frames go into, of the lowest frame number and of the highest. */
    readonly first: string;
    readonly last: string;
  };
  readonly films: readonly string[];
  /** Of its workers, with what the job requires; null: anything. */
  readonly requires: Requires | null;
  /** Workers that are ready now and could draw it. */
  readonly workers: readonly WorkerPlace[];
}

interface WorkerPlace {
  readonly name: string;
  readonly slots: number;
  readonly free: number;
  readonly backends: readonly string[];
}

interface ScenePlan {
  /** Null where it would be uploaded. */
  readonly sceneId: string | null;
  readonly state: Scene['state'] | null;
  readonly name: string;
  readonly files: number;
  readonly sizeBytes: number;
}

export interface SubmissionPlan extends Omit<JobRequest, 'layers' | 'sceneId'> {
  readonly scene: ScenePlan;
  readonly frameCount: number;
  readonly taskCount: number;
  readonly layers: readonly LayerPlan[];
  /** Of the farm now. */
  readonly workersReady: number;
  readonly slots: number;
  /** What it would wait for, or do without, as far as the farm has the scene. */
  readonly warnings: readonly string[];
}

/** @throws KilnError as the farm would when the job is submitted, as far as it has the scene. */
export async function planSubmission(farm: FarmClient, { text, source, job }: JobOfFile): Promise<SubmissionPlan> {
  const { client } = farm;
  const scene = await scenePlan(farm, source);
  let warnings: readonly string[] = [];
  if (scene.sceneId !== null && scene.state === 'ready') {
    const planned = await client.planJob({ body: { ...job, sceneId: scene.sceneId } }).catch((error: unknown) => {
      throw inJobFile(error, text);
    });
    warnings = planned.warnings;
  }
  const { items } = await client.listWorkers();
  const { slots } = await client.capabilities();
  // Nothing is given to one that draws its canary wrong.
  const ready = items.filter(({ state, suspendedFor }) => state === 'ready' && suspendedFor !== 'canary');
  const names = layerNames(job.layers);
  const tests = layerTests(job);
  const layers = job.layers.map((layer, index) =>
    layerPlan(layer, names[index] ?? '', {
      isOneOfSeveral: job.layers.length > 1,
      ready,
      tests: tests[index] ?? null,
      requires: addRequires(job.requires, layer.requires),
    }),
  );
  const { layers: _layers, ...rest } = job;
  return {
    ...rest,
    scene,
    frameCount: layers.reduce((sum, { frameCount }) => sum + frameCount, 0),
    taskCount: layers.reduce((sum, { taskCount }) => sum + taskCount, 0),
    layers,
    workersReady: ready.length,
    slots,
    warnings,
  };
}

async function scenePlan(farm: FarmClient, source: string): Promise<ScenePlan> {
  if (isSceneId(source)) return ofScene(await farm.client.getScene({ params: { sceneId: source } }));
  const { name, entry, files } = await readSceneSource(source);
  const hashed = await hashFiles(files, () => undefined);
  const hash = createHash('sha256')
    .update(sceneHashText({ entry, files: hashed }))
    .digest('hex');
  for await (const scene of allPages((at) => farm.client.listScenes({ query: at }))) {
    if (scene.sceneHash === hash && scene.missing.length === 0) return ofScene(scene);
  }
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return { sceneId: null, state: null, name, files: files.length, sizeBytes };
}

const ofScene = ({ id, state, name, files, sizeBytes }: Scene): ScenePlan => ({
  sceneId: id,
  state,
  name,
  files: files.length,
  sizeBytes,
});

interface PlanParts {
  readonly isOneOfSeveral: boolean;
  readonly ready: readonly Worker[];
  readonly tests: LayerTests | null;
  readonly requires: Requires | null;
}

function layerPlan(
  request: LayerRequest,
  name: string,
  { isOneOfSeveral, ready, tests, requires }: PlanParts,
): LayerPlan {
  const { settings, range, frameCount, division, films } = checkLayer(request);
  const { frames } = request;
  const chunk = chunkFrames(request.chunk);
  const first = tests?.frames.length ?? 0;
  const { engine, backend, samples, passes, size, format } = settings;
  const folder = isOneOfSeveral ? `${name}/` : '';
  return {
    name,
    frames,
    frameCount,
    taskCount: division ? frameCount * partsPerFrame(division) : first + Math.ceil((frameCount - first) / chunk),
    chunk,
    chunkSec: division === null && typeof request.chunk === 'object' ? request.chunk.seconds : null,
    testFrames: tests?.frames ?? null,
    division,
    engine,
    backend,
    samples,
    passes,
    size,
    format,
    files: filesOf(settings, range, frameCount, folder),
    films: films.map((film) => `${folder}${FILM_FORMATS[film.format].fileName}`),
    requires,
    workers: givenFirst(ready.filter((worker) => meets(worker, requires ?? {}) && canDraw(worker, settings))).map(
      (worker) => placeOn(worker, settings),
    ),
  };
}

function filesOf(settings: RenderSettings, range: FrameRange, frameCount: number, folder: string): LayerPlan['files'] {
  const passes = passFilesOf(settings);
  const path = (frameNumber: number, pass: Pass | undefined) =>
    `${folder}${frameFilePath(frameNumber, settings.format, pass ?? null)}`;
  const ends = range.segments.flatMap(({ first, step, count }) => [first, first + step * (count - 1)]);
  return {
    count: frameCount * Math.max(1, passes.length),
    first: path(Math.min(...ends), passes[0]),
    last: path(Math.max(...ends), passes.at(-1)),
  };
}

const abilities = ({ capabilities }: Worker, { engine, backend }: RenderSettings) =>
  capabilities.filter((one) => one.engine === engine && (backend === 'auto' || one.backend === backend));

const canDraw = (worker: Worker, settings: RenderSettings) => abilities(worker, settings).length > 0;

/** Those at which tasks failed are given nothing that another could do. */
function givenFirst(workers: readonly Worker[]): readonly Worker[] {
  const trusted = workers.filter(({ suspendedUntil }) => suspendedUntil === null);
  return trusted.length > 0 ? trusted : workers;
}

function placeOn(worker: Worker, settings: RenderSettings): WorkerPlace {
  const { name, slots, attempts } = worker;
  const backends = abilities(worker, settings).map(({ backend }) => backend);
  return { name, slots, free: Math.max(0, slots - attempts), backends };
}
