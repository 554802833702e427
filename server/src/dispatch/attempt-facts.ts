/** What never changes about an attempt: which task it tries, for whom, with which settings. Read once, remembered. */
import {
  type Assignment,
  CONVERTED_ENTRY,
  type Division,
  type FilmPlan,
  type FramePart,
  type Layer,
  type RenderSettings,
  type SampleRange,
  type SceneFile,
  type SceneSource,
  type StoredSums,
  storedSettings,
} from '@kiln/shared';
import type { Kysely } from 'kysely';
import { isNeeded } from '../jobs/layer-needs.ts';
import type { JobLayers } from '../jobs/layers.ts';
import { Remembered } from '../jobs/remembered.ts';
import { type TaskSlicing, taskFrames, taskPart } from '../jobs/task-frames.ts';
import type { Database } from '../store/tables.ts';
import type { GivenTask } from './assign-cursor.ts';
import { DISPATCH_LIMITS } from './limits.ts';

interface LayerFacts {
  readonly jobId: string;
  readonly layerId: string;
  readonly layerName: string;
  readonly settings: RenderSettings;
  /** All frames of the task, in order. */
  readonly frames: readonly number[];
  /** Other layers of its job wait for it. */
  readonly isNeeded: boolean;
}

/** Whole frames. */
interface RenderFacts extends LayerFacts {
  readonly kind: 'render';
}

/** A part of one frame, whose sums are handed over. */
export interface PieceFacts extends LayerFacts {
  readonly kind: 'piece';
  readonly division: Division;
  readonly part: FramePart;
}

/** One frame of what others have drawn. */
export interface AssembleFacts extends LayerFacts {
  readonly kind: 'assemble';
  readonly division: Division;
}

/** Work that ends in frames. */
export type FrameFacts = RenderFacts | AssembleFacts;

export interface FilmWork {
  readonly kind: 'film';
  readonly jobId: string;
  readonly layerId: string;
  readonly settings: RenderSettings;
  readonly plan: FilmPlan;
  /** Frame expression of its layer, how many frames that are, and how they are made into tasks. */
  readonly range: string;
  readonly frameCount: number;
  readonly slicing: TaskSlicing;
}

export interface AttemptFacts {
  readonly attemptId: string;
  /** Counts from 1 within the task. */
  readonly number: number;
  readonly workerId: string;
  readonly leaseToken: string;
  readonly taskId: string;
  readonly tenantId: string;
  readonly sceneId: string;
  readonly timeoutMs: number;
  /** Of its job; null of an import. */
  readonly priority: number | null;
  readonly work: RenderFacts | PieceFacts | AssembleFacts | FilmWork | { readonly kind: 'import' };
}

export class AttemptMemory {
  readonly #db: Kysely<Database>;
  readonly #layers: JobLayers;
  readonly #importTimeoutMs: number;
  readonly #facts = new Remembered<AttemptFacts>(DISPATCH_LIMITS.rememberedRows);
  readonly #scenes = new Remembered<SceneSource>(REMEMBERED_SCENES);
  /** Being read, so that those who ask at the same time get the same one. */
  readonly #reading = new Map<string, Promise<SceneSource | null>>();

  constructor(db: Kysely<Database>, layers: JobLayers, importTimeoutMs: number) {
    this.#db = db;
    this.#layers = layers;
    this.#importTimeoutMs = importTimeoutMs;
  }

  /** Facts of those attempts that exist. */
  async facts(attemptIds: readonly string[]): Promise<ReadonlyMap<string, AttemptFacts>> {
    const found = new Map<string, AttemptFacts>();
    const unknown: string[] = [];
    for (const id of new Set(attemptIds)) {
      const facts = this.#facts.get(id);
      if (facts) found.set(id, facts);
      else unknown.push(id);
    }
    if (unknown.length === 0) return found;
    for (const facts of await this.#read(unknown)) {
      this.#facts.set(facts.attemptId, facts);
      found.set(facts.attemptId, facts);
    }
    return found;
  }

  /** Facts of attempts that this process has just given. */
  async remember(given: readonly GivenTask[]): Promise<void> {
    const layers = await this.#layers.of(
      this.#db,
      given.map(({ pick }) => pick.jobId),
    );
    for (const { pick, delivery: sent } of given) {
      const layer = layers.get(pick.jobId)?.find(({ id }) => id === pick.layerId);
      if (!layer) continue;
      const frames = taskFrames(slicingOf(layer), { kind: 'render', index: pick.index });
      this.#facts.set(sent.delivery.attemptId, {
        ...sent.delivery,
        number: sent.attemptNumber,
        workerId: sent.workerId,
        tenantId: pick.tenantId,
        sceneId: pick.sceneId,
        timeoutMs: pick.frameTimeoutMs,
        priority: pick.priority,
        work: {
          kind: 'render',
          jobId: pick.jobId,
          layerId: pick.layerId,
          layerName: layer.name,
          settings: layer.settings,
          frames,
          isNeeded: isNeeded(layers.get(pick.jobId) ?? [], layer.name) || isTestFrame(layer.testFrames, frames),
        },
      });
    }
  }

  /** The scene's own files, for its import. */
  ownFiles(sceneId: string): Promise<SceneSource | null> {
    return readSceneSource(this.#db, sceneId, 'own');
  }

  /** What a scene that is ready is drawn from; that never changes. */
  async scene(sceneId: string): Promise<SceneSource | null> {
    const known = this.#scenes.get(sceneId);
    if (known) return known;
    const underWay = this.#reading.get(sceneId);
    if (underWay) return underWay;
    const reading = readSceneSource(this.#db, sceneId, 'drawn').finally(() => this.#reading.delete(sceneId));
    this.#reading.set(sceneId, reading);
    const source = await reading;
    if (source) this.#scenes.set(sceneId, source);
    return source;
  }

  async #read(ids: readonly string[]): Promise<AttemptFacts[]> {
    const rows = await this.#db
      .selectFrom('attempts as a')
      .innerJoin('tasks as t', 't.id', 'a.task_id')
      .leftJoin('jobs as j', 'j.id', 't.job_id')
      .leftJoin('layers as l', 'l.id', 't.layer_id')
      .leftJoin('films as f', 'f.task_id', 't.id')
      .select([
        'a.id',
        'f.plan',
        'a.number',
        'a.worker_id',
        'a.lease_token',
        'a.task_id',
        't.tenant_id',
        't.scene_id',
        't.kind',
        't.index',
        't.job_id',
        't.layer_id',
        (eb) => eb.fn.coalesce('l.frame_timeout_ms', 'j.frame_timeout_ms').as('frame_timeout_ms'),
        'j.priority',
        'l.name',
        'l.frames',
        'l.frame_count',
        'l.chunk',
        'l.single_tasks',
        'l.test_frames',
        'l.division',
        'l.settings',
      ])
      .where('a.id', 'in', ids)
      .execute();
    const layers = await this.#layers.of(
      this.#db,
      rows.flatMap(({ job_id }) => job_id ?? []),
    );
    return rows.flatMap((row): AttemptFacts[] => {
      const base = {
        attemptId: row.id,
        number: row.number,
        workerId: row.worker_id,
        leaseToken: row.lease_token,
        taskId: row.task_id,
        tenantId: row.tenant_id,
        sceneId: row.scene_id,
        priority: row.priority,
      };
      if (row.kind === 'import') return [{ ...base, timeoutMs: this.#importTimeoutMs, work: { kind: 'import' } }];
      const { job_id, layer_id, name, frames, frame_count, chunk, single_tasks, division, frame_timeout_ms } = row;
      if (
        job_id === null ||
        layer_id === null ||
        name === null ||
        frames === null ||
        frame_count === null ||
        chunk === null ||
        single_tasks === null ||
        row.settings === null ||
        frame_timeout_ms === null
      ) {
        return [];
      }
      const settings = storedSettings(row.settings);
      const timed = { ...base, timeoutMs: frame_timeout_ms };
      const slicing = { frames, frame_count, test_frames: row.test_frames, single_tasks, chunk, division };
      if (row.plan !== null) {
        const film = { plan: row.plan, range: frames, frameCount: frame_count, slicing, settings };
        return [{ ...timed, work: { kind: 'film', jobId: job_id, layerId: layer_id, ...film } }];
      }
      const layer = {
        jobId: job_id,
        layerId: layer_id,
        layerName: name,
        settings,
        frames: taskFrames(slicing, row),
        isNeeded: isNeeded(layers.get(job_id) ?? [], name) || isTestFrame(row.test_frames, taskFrames(slicing, row)),
      };
      const part = taskPart({ division, settings }, row);
      if (part && division) return [{ ...timed, work: { kind: 'piece', division, part, ...layer } }];
      if (division) return [{ ...timed, work: { kind: 'assemble', division, ...layer } }];
      return [{ ...timed, work: { kind: 'render', ...layer } }];
    });
  }
}

const slicingOf = ({ frames, frameCount, testFrames, singleTasks, chunk, division }: Layer): TaskSlicing => ({
  ...{ frames, chunk, division },
  frame_count: frameCount,
  test_frames: testFrames,
  single_tasks: singleTasks,
});

/** The rest of its job may wait for it. */
const isTestFrame = (tests: readonly number[] | null, [first]: readonly number[]): boolean =>
  first !== undefined && (tests?.includes(first) ?? false);

/** Scenes whose file lists are kept; one of 2,000 files takes 500 kB. */
const REMEMBERED_SCENES = 100;

/** Null when the scene does not exist. */
async function readSceneSource(
  db: Kysely<Database>,
  sceneId: string,
  which: 'own' | 'drawn',
): Promise<SceneSource | null> {
  const scene = await db
    .selectFrom('scenes')
    .select(['scene_hash', 'entry', 'converted_sha256', 'converted_size_bytes'])
    .where('id', '=', sceneId)
    .executeTakeFirst();
  if (!scene) return null;
  const { converted_sha256: sha256, converted_size_bytes: sizeBytes } = scene;
  if (which === 'drawn' && sha256 !== null && sizeBytes !== null) {
    const file = { path: CONVERTED_ENTRY, sha256, sizeBytes };
    return { sceneHash: scene.scene_hash, entry: CONVERTED_ENTRY, files: [file] };
  }
  const files = await db
    .selectFrom('scene_files')
    .select(['path', 'sha256', 'size_bytes'])
    .where('scene_id', '=', sceneId)
    .orderBy('path')
    .execute();
  return {
    sceneHash: scene.scene_hash,
    entry: scene.entry,
    files: files.map((file): SceneFile => ({ path: file.path, sha256: file.sha256, sizeBytes: file.size_bytes })),
  };
}

/** What is left of a part, and what is stored where whoever draws the rest must know. */
export interface OpenPart {
  readonly samples: SampleRange;
  /** [WK23] Of the first of these samples. */
  readonly begun: StoredSums | null;
  readonly before: { readonly sums: StoredSums[]; readonly drawnMs: number } | null;
}

/** What is open of an attempt's work, by its kind. */
export interface OpenWork {
  /** Frames that no attempt has delivered yet. */
  readonly frames: readonly number[];
  readonly part: OpenPart | null;
  readonly sums: readonly StoredSums[];
}

export function assignmentOf(facts: AttemptFacts, scene: SceneSource, leaseMs: number, open: OpenWork): Assignment {
  return {
    attemptId: facts.attemptId,
    taskId: facts.taskId,
    tenantId: facts.tenantId,
    leaseMs,
    timeoutMs: facts.timeoutMs,
    ...(facts.priority === null ? {} : { priority: facts.priority }),
    scene,
    work: workOf(facts, open),
  };
}

function workOf({ work }: AttemptFacts, { frames, part, sums }: OpenWork): Assignment['work'] {
  if (work.kind === 'import') return { kind: 'import' };
  const { settings } = work;
  if (work.kind === 'film') {
    const { size, format: frameFormat, fps } = settings;
    return { kind: 'film', plan: work.plan, size, frameFormat, fps, frameCount: work.frameCount };
  }
  const [frameNumber = 0] = work.frames;
  switch (work.kind) {
    case 'render':
      return { kind: 'render', settings, frames: [...frames] };
    case 'piece':
      return {
        kind: 'piece',
        settings,
        frameNumber,
        part: { ...work.part, samples: part?.samples ?? work.part.samples },
        begun: part?.begun ?? null,
        ...(part?.before ? { before: part.before } : {}),
      };
    case 'assemble':
      return { kind: 'assemble', settings, frameNumber, sums: [...sums] };
  }
}
