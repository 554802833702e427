/** What the web app knows of the farm: fetched once, then kept up to date by events. Nothing here polls. */
import {
  type AssetKind,
  type Client,
  type EventsConnection,
  type FarmEvent,
  type Frame,
  type FrameProgress,
  isJobOver,
  JOB_TRANSITIONS,
  type Job,
  type JobChange,
  KilnError,
  mayReach,
  openEvents,
  SCENE_TRANSITIONS,
  type Scene,
  UPLOAD_KINDS,
  type UploadKind,
  type Worker,
} from '@kiln/shared';
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { VIEWER_LIMITS } from '../../limits.ts';
import { createFrameProgress } from './frame-progress.ts';
import { createLiveList, type LiveList } from './listing.ts';
import type { Session } from './session.ts';

type FarmLink =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  /** Events do not arrive: what is shown may be old. */
  | { readonly state: 'lost'; readonly retryAtMs: number };

type FrameFailure = Extract<FarmEvent, { type: 'frame.failed' }>['data'];

export interface Farm {
  readonly client: Client;
  readonly session: Session;
  readonly link: ReadonlySignal<FarmLink>;
  readonly scenes: LiveList<Scene>;
  /** Environments and look-up tables that were uploaded. */
  readonly assets: Readonly<Record<AssetKind, LiveList<Scene>>>;
  readonly jobs: LiveList<Job>;
  /** Jobs that were put away; fetched by who shows them. */
  readonly archivedJobs: LiveList<Job>;
  readonly workers: LiveList<Worker>;
  /** Frames of a job, newest state; fetched at the first call. */
  frames(jobId: string): LiveList<Frame>;
  /** Frames of a job that are being drawn. */
  frameProgress(jobId: string): ReadonlySignal<readonly FrameProgress[]>;
  /** The last failure of a job since this page was opened. */
  lastFailure(jobId: string): ReadonlySignal<FrameFailure | null>;
  /** Puts a job into the list that it belongs to. */
  putJob(job: Job): void;
  /** It was purged. */
  forgetJob(jobId: string): void;
  /** Puts a scene or an asset into its list. */
  putScene(scene: Scene): void;
  removeScene(sceneId: string): void;
  /** Calls back with every scene that an event tells of, and with those that were fetched anew. */
  onScene(listener: (scene: Scene) => void): () => void;
  /** Opens the event stream and fetches the lists: after signing in. */
  connect(): void;
  /** Forgets everything: the next who signs in may be of another tenant. */
  disconnect(): void;
  reconnectNow(): void;
}

const newestFirst = (a: { readonly createdAt: string }, b: { readonly createdAt: string }) =>
  b.createdAt.localeCompare(a.createdAt);

export const frameKey = ({ layer, frameNumber }: Pick<Frame, 'layer' | 'frameNumber'>) => `${layer}/${frameNumber}`;

export function createFarm(client: Client, session: Session): Farm {
  const link = signal<FarmLink>({ state: 'connecting' });
  const limit = VIEWER_LIMITS.pageItems;
  const query = (cursor: string | null) => ({ limit, ...(cursor === null ? {} : { cursor }) });
  const sceneList = (kind: UploadKind) =>
    createLiveList<Scene>({
      key: ({ id }) => id,
      compare: newestFirst,
      isStale: (scene, shown) => !mayReach(SCENE_TRANSITIONS, shown.state, scene.state),
      fetchPage: (cursor) => client.listScenes({ query: { ...query(cursor), kind } }),
    });
  const scenes = sceneList('scene');
  const assets = { environment: sceneList('environment'), lut: sceneList('lut') };
  const listOf = (kind: UploadKind) => (kind === 'scene' ? scenes : assets[kind]);
  const jobList = (archived: boolean) =>
    createLiveList<Job>({
      key: ({ id }) => id,
      compare: newestFirst,
      // That frames of a job that was done are drawn anew is told by an event.
      isStale: (job, shown) =>
        (shown.state === 'succeeded' && job.state !== 'succeeded') ||
        !mayReach(JOB_TRANSITIONS, shown.state, job.state),
      fetchPage: (cursor) => client.listJobs({ query: { ...query(cursor), archived } }),
    });
  const jobs = jobList(false);
  const archivedJobs = jobList(true);
  const putJob = (job: Job, isEvent = false) => {
    const [its, other] = job.archivedAt === null ? [jobs, archivedJobs] : [archivedJobs, jobs];
    other.remove(job.id);
    its.put(job, isEvent);
  };
  const forgetJob = (jobId: string) => {
    for (const list of [jobs, archivedJobs]) list.remove(jobId);
    frames.delete(jobId);
  };
  const workers = createLiveList<Worker>({
    key: ({ id }) => id,
    compare: (a, b) => a.name.localeCompare(b.name),
    fetchPage: async () => ({ items: (await client.listWorkers()).items, next: null }),
  });
  const frames = new Map<string, LiveList<Frame>>();
  const frameProgress = createFrameProgress();
  const failures = new Map<string, Signal<FrameFailure | null>>();
  /** Newest event of jobs whose layers are being fetched. */
  const unknownJobs = new Map<string, JobChange>();
  const sceneListeners = new Set<(scene: Scene) => void>();
  let events: EventsConnection | null = null;

  const lastFailure = (jobId: string) => {
    const known = failures.get(jobId) ?? signal<FrameFailure | null>(null);
    failures.set(jobId, known);
    return known;
  };

  function take(event: FarmEvent): void {
    switch (event.type) {
      case 'scene':
        listOf(event.data.kind).put(event.data);
        tellOf([event.data]);
        return;
      case 'job':
        if (isJobOver(event.data.state)) frameProgress.jobOver(event.data.id);
        takeJob(event.data);
        return;
      case 'job.purged':
        forgetJob(event.data.jobId);
        return;
      case 'frame':
        frameProgress.frameDone(event.data);
        frames.get(event.data.jobId)?.put(event.data);
        return;
      case 'frame.failed':
        lastFailure(event.data.jobId).value = event.data;
        return;
      case 'workers':
        void workers.reload();
        // What waits for a worker, and what no longer does, is not told by events.
        void jobs.reload();
    }
  }

  /** Layers come once, with the submission; those of a job that was never shown here are fetched. */
  function takeJob(change: JobChange): void {
    const shown = [jobs, archivedJobs].flatMap(({ list }) => list.value.items);
    const known = shown.find(({ id }) => id === change.id);
    // Some are drawn anew.
    if (known && change.framesRedrawn > known.framesRedrawn) {
      frameProgress.jobAgain(change.id);
      void frames.get(change.id)?.reload();
    }
    const layers = change.layers ?? known?.layers;
    if (layers) {
      putJob({ ...change, layers }, true);
      return;
    }
    const isFetched = unknownJobs.has(change.id);
    unknownJobs.set(change.id, change);
    if (!isFetched) void fetchJob(change.id);
  }

  async function fetchJob(jobId: string): Promise<void> {
    try {
      const { layers } = await client.getJob({ params: { jobId } });
      // Told while it was on its way: newer than the answer, or as new.
      const change = unknownJobs.get(jobId);
      if (change) putJob({ ...change, layers }, true);
    } catch (error) {
      // The next event, or the next look at the list, tries again.
      if (!(error instanceof KilnError)) throw error;
    } finally {
      unknownJobs.delete(jobId);
    }
  }

  function tellOf(changed: readonly Scene[]): void {
    for (const scene of changed) for (const listener of sceneListeners) listener(scene);
  }

  /** Whoever waits for a scene hears of it here too: its event may have come while there was no connection. */
  async function reloadScenes(): Promise<void> {
    await Promise.all(UPLOAD_KINDS.map((kind) => listOf(kind).reload()));
    for (const kind of UPLOAD_KINDS) tellOf(listOf(kind).list.value.items);
  }

  function reloadAll(): void {
    void reloadScenes();
    void jobs.reload();
    if (archivedJobs.list.value.state !== 'loading') void archivedJobs.reload();
    void workers.reload();
    for (const list of frames.values()) void list.reload();
  }

  function open(): void {
    events = openEvents({
      url: location.origin,
      WebSocket,
      ...(events?.lastId === undefined ? {} : { after: events.lastId }),
      setTimer(action, afterMs) {
        const timer = setTimeout(action, afterMs);
        return () => clearTimeout(timer);
      },
      onEvent: take,
      onProgress: frameProgress.take,
      onState(state) {
        if (state.state === 'live') {
          const first = link.value.state === 'connecting';
          link.value = { state: 'live' };
          if (first || state.missed) reloadAll();
          // A list that could not be fetched while the farm was away.
          else for (const list of [scenes, jobs, workers]) if (list.list.value.state === 'failed') void list.reload();
        } else if (state.state === 'waiting') {
          link.value = { state: 'lost', retryAtMs: Date.now() + state.retryInMs };
        } else if (state.state === 'closed' && state.error?.status === 401) {
          session.expired();
        } else if (state.state === 'closed' && state.error) {
          link.value = { state: 'lost', retryAtMs: Number.POSITIVE_INFINITY };
        }
      },
    });
  }

  function reconnectNow(): void {
    if (link.value.state !== 'lost') return;
    events?.close();
    open();
  }

  return {
    client,
    session,
    link,
    scenes,
    assets,
    putScene: (scene) => listOf(scene.kind).put(scene),
    removeScene(sceneId) {
      for (const kind of UPLOAD_KINDS) listOf(kind).remove(sceneId);
    },
    jobs,
    archivedJobs,
    putJob,
    forgetJob,
    workers,
    frames(jobId) {
      const known = frames.get(jobId);
      if (known) return known;
      const list = createLiveList<Frame>({
        key: frameKey,
        compare: (a, b) => a.finishedAt.localeCompare(b.finishedAt) || a.frameNumber - b.frameNumber,
        fetchPage: (cursor) => client.listFrames({ params: { jobId }, query: { ...query(cursor), limit: 1_000 } }),
      });
      frames.set(jobId, list);
      void list.reload();
      return list;
    },
    lastFailure,
    frameProgress: frameProgress.of,
    onScene(listener) {
      sceneListeners.add(listener);
      return () => sceneListeners.delete(listener);
    },
    connect() {
      if (events) return;
      // Also without events there is something to see.
      reloadAll();
      open();
      addEventListener('online', reconnectNow);
    },
    disconnect() {
      removeEventListener('online', reconnectNow);
      events?.close();
      events = null;
      for (const list of [...UPLOAD_KINDS.map(listOf), jobs, archivedJobs, workers, ...frames.values()]) list.clear();
      frames.clear();
      failures.clear();
      frameProgress.clear();
      link.value = { state: 'connecting' };
    },
    reconnectNow,
  };
}
