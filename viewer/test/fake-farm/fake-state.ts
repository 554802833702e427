/** What the fake farm holds, and how it makes it up. */
import {
  assetKindOf,
  completeSettings,
  type ErrorCode,
  type Estimate,
  type FarmEvent,
  type Frame,
  frameAt,
  frameCount,
  frameFileName,
  frameFlags,
  IMAGE_FORMATS,
  type ImportReport,
  isGridded,
  type Job,
  type JobChange,
  JobChanges,
  JobRequest,
  KilnError,
  matches,
  newId,
  type PixelStatistics,
  type PurgedJob,
  parseFrameRange,
  type Scene,
  type SceneManifest,
  type Worker,
} from '@kiln/shared';
import { AUTO_CAMERA } from './fake-live.ts';
import { tracePicture } from './traced-picture.ts';
import { lookAt } from './traced-scene.ts';

const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);
const HASH = 'ab'.repeat(32);
const now = () => new Date().toISOString();

type EventBody = FarmEvent extends infer E ? (E extends FarmEvent ? Pick<E, 'type' | 'data'> : never) : never;

export interface FakeState {
  readonly scenes: Map<string, Scene>;
  readonly jobs: Map<string, Job>;
  readonly frames: Map<string, { readonly frame: Frame; readonly bytes: Buffer }[]>;
  readonly workers: Worker[];
  readonly thumbnail: Buffer;
  /** Hashes whose bytes are here. */
  readonly hashes: Set<string>;
  readonly manifests: SceneManifest[];
  readonly jobRequests: JobRequest[];
  readonly jobChanges: JobChanges[];
  /** The next import ends with this refusal. */
  refuseNext: { readonly code: string; readonly message: string; readonly pointer: string } | null;
  frameMs: number;
  /** Of every frame. */
  statistics: PixelStatistics;
  /** While true, no frame is done. */
  paused: boolean;
  /** The next frame ends its job with this error. */
  failNext: { readonly code: ErrorCode; readonly message: string } | null;
  addScene(name: string, files?: Scene['files'], missing?: readonly string[]): Scene;
  /** Bytes came: scenes that waited for them go on. */
  arrived(sha256: string): void;
  import(scene: Scene): void;
  submit(request: JobRequest): Job;
  /** Whatever its state is. */
  /** @throws KilnError `request.invalid` */
  edit(job: Job, changes: unknown): Job;
  become(job: Job, state: 'cancelled' | 'paused' | 'running'): Job;
  /** Draws the last of its frames anew. */
  redraw(job: Job): Job;
  archive(job: Job, isArchived: boolean): Job;
  purge(job: Job): PurgedJob;
  /** Until it is approved, for this reason. */
  hold(job: Job, waitsFor: NonNullable<Job['waitsFor']>): void;
  /** Is being measured, and is ready when it is asked for again. */
  estimate(request: unknown): Estimate;
  estimated(id: string): Estimate;
  emit(event: EventBody): void;
}

export const REPORT: ImportReport = {
  generator: 'Kiln fake farm',
  bounds: { min: [-2, 0, -1], max: [2.3, 2, 2.3] },
  triangles: 48_120,
  nodes: 12,
  meshes: 6,
  materials: 6,
  lights: 0,
  skins: 0,
  morphTargets: 0,
  textures: [
    { name: 'floor', widthPx: 2_048, heightPx: 2_048, mediaType: 'image/png' },
    { name: 'ball', widthPx: 1_024, heightPx: 1_024, mediaType: 'image/jpeg' },
  ],
  gpuBytes: 38_400_000,
  cameras: [
    { name: 'Close', kind: 'perspective', fovDeg: 35 },
    { name: 'Above', kind: 'perspective', fovDeg: 50 },
  ],
  clips: [
    { name: 'Bounce', durationSec: 2 },
    { name: 'Rest', durationSec: 1 },
  ],
  variants: ['Beach', 'Street'],
  editable: {
    nodes: ['Floor', 'Ball', 'Ball-2', 'Lamp', ''],
    materials: [
      { name: 'Paint', unlit: false, extensions: [] },
      { name: 'Sign', unlit: true, extensions: [] },
    ],
    cameras: 1,
    lights: 0,
  },
  extensionsUsed: ['KHR_materials_clearcoat', 'KHR_draco_mesh_compression'],
  environment: { widthPx: 512, heightPx: 256 },
  usesStudioLight: true,
  gaps: [{ engine: 'pathtrace', backend: 'webgl', what: 'anisotropy', isDrawnWithout: true }],
  findings: [
    {
      severity: 'warning',
      code: 'ACCESSOR_MIN_MISMATCH',
      message: 'Declared minimum is wrong.',
      pointer: '/accessors/3',
    },
    {
      severity: 'warning',
      code: 'ACCESSOR_MIN_MISMATCH',
      message: 'Declared minimum is wrong.',
      pointer: '/accessors/4',
    },
    { severity: 'information', code: 'UNUSED_OBJECT', message: 'This object may be unused.', pointer: '/nodes/7' },
  ],
  findingCounts: { error: 0, warning: 2, information: 1, hint: 0 },
  importMs: 812,
};

export function createFakeState(publish: (event: EventBody) => void): FakeState {
  const pose = lookAt(AUTO_CAMERA.position, AUTO_CAMERA.target, AUTO_CAMERA.fovDeg);
  const state: FakeState = {
    scenes: new Map(),
    jobs: new Map(),
    frames: new Map(),
    workers: [fakeWorker()],
    thumbnail: tracePicture(pose, { widthPx: 320, heightPx: 240 }, 0, 0).png,
    hashes: new Set([HASH]),
    manifests: [],
    jobRequests: [],
    jobChanges: [],
    refuseNext: null,
    frameMs: 60,
    statistics: { min: 0, max: 1, mean: 0.4, nanCount: 0 },
    paused: false,
    failNext: null,
    emit: publish,
    addScene(name, files = [{ path: `${name}.glb`, sha256: HASH, sizeBytes: 1_240_000 }], missing = []) {
      const scene: Scene = {
        id: newId('scene', random),
        kind: assetKindOf(files[0]?.path ?? '') ?? 'scene',
        name,
        state: missing.length > 0 ? 'uploading' : 'ready',
        sceneHash: HASH,
        entry: files[0]?.path ?? 'scene.glb',
        sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        files,
        missing: [...missing],
        report: missing.length > 0 ? null : REPORT,
        refusal: null,
        thumbnailUrl: null,
        createdAt: now(),
      };
      put(missing.length > 0 ? scene : { ...scene, thumbnailUrl: thumbnailUrl(scene) });
      return state.scenes.get(scene.id) ?? scene;
    },
    arrived(sha256) {
      state.hashes.add(sha256);
      for (const scene of state.scenes.values()) {
        if (!scene.missing.includes(sha256)) continue;
        const missing = scene.missing.filter((hash) => hash !== sha256);
        put({ ...scene, missing });
        if (missing.length === 0) state.import({ ...scene, missing });
      }
    },
    import(scene) {
      put({ ...scene, state: 'importing' });
      const refusal = state.refuseNext;
      state.refuseNext = null;
      setTimeout(() => {
        if (refusal) put({ ...scene, state: 'refused', refusal });
        else put({ ...scene, state: 'ready', report: REPORT, thumbnailUrl: thumbnailUrl(scene) });
      }, 400);
    },
    submit(request) {
      state.jobRequests.push(request);
      const job = jobOf(request);
      state.jobs.set(job.id, job);
      state.frames.set(job.id, []);
      publish({ type: 'job', data: job });
      setTimeout(() => step(job.id), 150);
      return job;
    },
    become(job, next) {
      const endedAt = next === 'cancelled' ? now() : null;
      const changed: Job = { ...job, state: next, framesFailed: 0, error: null, endedAt, waitsFor: null };
      state.jobs.set(job.id, changed);
      publish({ type: 'job', data: changeOf(changed) });
      if (next === 'running') setTimeout(() => step(job.id), state.frameMs);
      return changed;
    },
    edit(job, changes) {
      if (!matches(JobChanges, changes)) throw new KilnError('request.invalid', 'expected changes of a job');
      const { priority = job.priority, maxAttempts = job.maxAttempts, requires } = changes;
      const layers = job.layers.map((layer) => (requires ? { ...layer, requires } : layer));
      const changed: Job = { ...job, priority, maxAttempts, layers };
      state.jobs.set(job.id, changed);
      state.jobChanges.push(changes);
      publish({ type: 'job', data: changed });
      return changed;
    },
    redraw(job) {
      state.frames.get(job.id)?.pop();
      const changed: Job = {
        ...job,
        state: 'queued',
        framesDone: job.framesDone - 1,
        framesRedrawn: job.framesRedrawn + 1,
        endedAt: null,
      };
      state.jobs.set(job.id, changed);
      publish({ type: 'job', data: changeOf(changed) });
      setTimeout(() => step(job.id), state.frameMs);
      return changed;
    },
    hold(job, waitsFor) {
      const held: Job = { ...job, state: 'paused', waitsFor };
      state.jobs.set(job.id, held);
      publish({ type: 'job', data: changeOf(held) });
    },
    estimate(request) {
      if (!matches(JobRequest, request)) throw new KilnError('request.invalid', 'expected a job');
      const [id, probeJobId] = [newId('estimate', random), newId('job', random)];
      const measuring = { id, sceneId: request.sceneId, state: 'measuring' as const, probeJobId, createdAt: now() };
      return { ...measuring, estimate: null, error: null };
    },
    estimated(id) {
      const scene = [...state.scenes.keys()][0] ?? '';
      const times = { slotSec: 240, lowSlotSec: 192, highSlotSec: 288 };
      const made = { ...times, wallSec: 120, slots: 2, cost: null, confidence: 0.8, layers: [], madeAt: now() };
      return { id, sceneId: scene, state: 'ready', probeJobId: null, estimate: made, error: null, createdAt: now() };
    },
    archive(job, isArchived) {
      const changed: Job = { ...job, archivedAt: isArchived ? now() : null };
      state.jobs.set(job.id, changed);
      publish({ type: 'job', data: changeOf(changed) });
      return changed;
    },
    purge({ id, name, framesDone, createdAt, endedAt }) {
      state.jobs.delete(id);
      state.frames.delete(id);
      publish({ type: 'job.purged', data: { jobId: id } });
      return { id, name, framesDone, slotSec: 1, createdAt, endedAt, purgedAt: now() };
    },
  };

  const thumbnailUrl = ({ id }: Scene) => `/api/v1/scenes/${id}/thumbnail`;

  function put(scene: Scene): void {
    state.scenes.set(scene.id, scene);
    publish({ type: 'scene', data: scene });
  }

  function step(jobId: string): void {
    const job = state.jobs.get(jobId);
    let done = job?.framesDone ?? 0;
    // Layer after layer.
    const layer = job?.layers.find(({ frameCount: frames }) => {
      if (done < frames) return true;
      done -= frames;
      return false;
    });
    if (!job || !layer || job.state === 'cancelled' || job.state === 'paused') return;
    if (state.paused) {
      setTimeout(() => step(jobId), state.frameMs);
      return;
    }
    if (state.failNext) {
      fail(job, state.failNext);
      return;
    }
    const frameNumber = frameAt(parseFrameRange(layer.frames), done);
    const { size, exposureEv } = layer.settings;
    const scale = Math.min(1, 200 / size.widthPx);
    const small = {
      widthPx: Math.max(1, Math.round(size.widthPx * scale)),
      heightPx: Math.max(1, Math.round(size.heightPx * scale)),
    };
    const bytes = tracePicture(pose, small, frameNumber, exposureEv).png;
    const fileName = frameFileName(frameNumber, layer.settings.format);
    const format = IMAGE_FORMATS[layer.settings.format];
    const url = `/api/v1/jobs/${jobId}/frames/${layer.name}/${fileName}`;
    const frame: Frame = {
      jobId,
      layerId: layer.id,
      layer: layer.name,
      frameNumber,
      fileName,
      sha256: HASH,
      sizeBytes: bytes.length,
      // Its bytes are PNG whatever was asked for, as far as a browser shows it.
      mediaType: format.isForBrowsers ? 'image/png' : format.mediaType,
      url,
      attemptId: newId('attempt', random),
      stages: { draw: { startedAtMs: 0, durationMs: 131 }, encode: { startedAtMs: 131, durationMs: 24 } },
      statistics: state.statistics,
      flags: frameFlags(state.statistics),
      files: [{ pass: null, path: fileName, sha256: HASH, sizeBytes: bytes.length, url }],
      preview: isGridded(layer.settings)
        ? { sha256: HASH, sizeBytes: bytes.length, url: `/api/v1/jobs/${jobId}/previews/${layer.name}/${frameNumber}` }
        : null,
      finishedAt: now(),
    };
    state.frames.get(jobId)?.push({ frame, bytes });
    const framesDone = job.framesDone + 1;
    const over = framesDone === job.frameCount;
    const next: Job = {
      ...job,
      framesDone,
      state: over ? 'succeeded' : 'running',
      startedAt: job.startedAt ?? now(),
      endedAt: over ? now() : null,
    };
    state.jobs.set(jobId, next);
    publish({ type: 'frame', data: frame });
    publish({ type: 'job', data: changeOf(next) });
    if (!over) setTimeout(() => step(jobId), state.frameMs);
  }

  function fail(job: Job, error: NonNullable<Job['error']>): void {
    state.failNext = null;
    const failed: Job = { ...job, state: 'failed', framesFailed: job.frameCount, error, endedAt: now() };
    state.jobs.set(job.id, failed);
    publish({ type: 'job', data: changeOf(failed) });
  }

  return state;
}

/** [EV6] Only the event of a submission has the layers. */
function changeOf({ layers: _, ...change }: Job): JobChange {
  return change;
}

function jobOf(request: JobRequest): Job {
  const layers = request.layers.map((layer) => ({
    id: newId('layer', random),
    name: layer.name ?? 'main',
    frames: layer.frames,
    frameCount: frameCount(parseFrameRange(layer.frames)),
    chunk: 1,
    films: [],
    division: null,
    singleTasks: 0,
    chunkSec: null,
    isChunkOpen: false,
    testFrames: null,
    needs: [],
    limits: [],
    settings: completeSettings(layer),
  }));
  return {
    id: newId('job', random),
    name: request.name ?? 'Job',
    sceneId: request.sceneId,
    state: 'queued',
    priority: 50,
    classPolicy: 'strict',
    adapterClass: null,
    layers,
    frameCount: layers.reduce((sum, layer) => sum + layer.frameCount, 0),
    framesDone: 0,
    framesFailed: 0,
    framesRedrawn: 0,
    reusedSamples: 0,
    filmCount: 0,
    filmsDone: 0,
    filmsFailed: 0,
    after: [],
    maxAttempts: 3,
    maxFailedTasks: null,
    user: null,
    tags: [],
    limits: [],
    maxSlots: null,
    maxPerHost: null,
    stoppedByFailures: false,
    error: null,
    createdAt: now(),
    startedAt: null,
    endedAt: null,
    archivedAt: null,
  };
}

const fakeWorker = (): Worker => ({
  id: newId('worker', random),
  state: 'ready',
  name: 'fake-worker-1',
  pid: 4_711,
  version: '0.1.0',
  protocols: [1],
  slots: 1,
  maxSessions: 8,
  capabilities: [{ engine: 'raster', backend: 'webgl' }],
  adapterClass: '0123456789abcdef',
  renderer: 'ANGLE (Mesa, llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5)',
  backend: 'gl-egl',
  browserVersion: 'Chrome/156.0.1234.5',
  sandboxed: true,
  filmMakers: ['page'],
  cpuCores: 8,
  memoryBytes: 34_359_738_368,
  gpuMemoryBytes: 8_589_934_592,
  maxTexturePx: 16_384,
  tags: ['fast', 'rack=3'],
  browserPid: 4_712,
  browsers: [],
  scenes: [],
  sessions: 1,
  attempts: 1,
  cacheBytes: 48_000_000,
  nodeRssBytes: 96_000_000,
  browserRssBytes: 540_000_000,
  registeredAt: now(),
  seenAt: now(),
  suspendedUntil: null,
  suspendedFor: null,
});
