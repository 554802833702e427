/** The tables, as Kysely types. The SQL is in `migrations/`; times are `timestamptz`, hashes lower-case hexadecimal. */
import type {
  AttemptState,
  Backend,
  Division,
  FilmFacts,
  FilmPlan,
  FrameStages,
  ImportReport,
  LayerNeed,
  Pass,
  PixelStatistics,
  Refusal,
  RenderSettings,
  Requires,
  Role,
  SceneNeeds,
  SceneState,
  TaskKind,
  TaskState,
  UploadKind,
  WorkerIdentity,
  WorkerState,
  WorkerStatus,
} from '@kiln/shared';
import type { ColumnType, Generated } from 'kysely';
import type { CreatedAt, Json, NullableJson } from './column-types.ts';
import type { EstimateTable, JobCostTable, LayerUseTable } from './estimate-tables.ts';
import type { JobTable, PurgedJobTable } from './job-tables.ts';
import type { ServerTable, SessionTable } from './live-tables.ts';
import type { LimitTable, UserShareTable } from './share-tables.ts';
import type { FarmSecretTable, ViewTokenTable } from './token-tables.ts';
import type { WebhookDeliveryTable, WebhookTable } from './webhook-tables.ts';

interface TenantTable {
  id: string;
  name: string;
  /** Unfinished tasks that it may have; null: the farm's default. */
  max_open_tasks: Generated<number | null>;
  share_weight: Generated<number>;
  min_slots: Generated<number>;
  /** Null: as many as there are. */
  max_slots: ColumnType<number | null, number | null | undefined, number | null>;
  /** When `max_slots` was set. */
  limits_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  /** What it has had of the slots, as it counted at `used_at`. */
  used_slot_sec: Generated<number>;
  used_at: Generated<Date>;
  /** What counts beside that of the frames that it holds, as the leader said last. */
  held_slot_sec: Generated<number>;
  created_at: CreatedAt;
}

interface ApiKeyTable {
  id: string;
  tenant_id: string;
  role: Role;
  name: string;
  secret_hash: string;
  created_at: CreatedAt;
  revoked_at: Date | null;
}

interface SignInCodeTable {
  code_hash: string;
  tenant_id: string;
  role: Role;
  expires_at: Date;
  used_at: Date | null;
}

/** Signed-in browsers. */
interface WebSessionTable {
  token_hash: string;
  tenant_id: string;
  role: Role;
  expires_at: Date;
  created_at: CreatedAt;
}

/** Bytes in the object store. `unreferenced_at` is set by the sweep's first look and cleared when somebody refers again. */
interface ObjectTable {
  sha256: string;
  size_bytes: number;
  created_at: CreatedAt;
  unreferenced_at: Date | null;
}

/** Bytes that a tenant has proven to hold by sending them: only these are "already here" for it. */
interface TenantObjectTable {
  tenant_id: string;
  sha256: string;
  /** When it was last sent. */
  created_at: ColumnType<Date, Date | undefined, Date>;
}

/** Uploads; the bytes are beside the object store until their hash is known to be right. Finished ones are remembered for
 * clients that did not hear of it. */
export interface UploadTable {
  id: string;
  tenant_id: string;
  sha256: string;
  size_bytes: number;
  created_at: CreatedAt;
  touched_at: Date;
  finished_at: Date | null;
}

/** Bytes of a scene that is not refused and not deleted are kept for it by its tenant's `tenant_objects`. */
export interface SceneTable {
  id: string;
  tenant_id: string;
  kind: Generated<UploadKind>;
  name: string;
  state: SceneState;
  scene_hash: string;
  entry: string;
  size_bytes: number;
  report: NullableJson<ImportReport>;
  refusal: NullableJson<Refusal>;
  thumbnail_sha256: string | null;
  thumbnail_media_type: string | null;
  /** The GLB that it is drawn from, where its entry is no glTF; kept until the scene is deleted. */
  converted_sha256: string | null;
  converted_size_bytes: number | null;
  created_at: CreatedAt;
  /** Forgotten by its tenant: shown nowhere, kept for the jobs that it was drawn for. */
  deleted_at: Date | null;
}

interface SceneFileTable {
  scene_id: string;
  path: string;
  sha256: string;
  size_bytes: number;
}

/** `done`: until all of them are drawn; `approval`: until they are approved, too; `approved`: nothing any more. */
type TestGate = 'done' | 'approval' | 'approved';

/** `released` is the cursor: `render` tasks before it have rows, those from it on are waiting without one. */
export interface LayerTable {
  id: string;
  job_id: string;
  position: number;
  name: string;
  frames: string;
  frame_count: number;
  chunk: number;
  /** Tasks of one frame that come before those of `chunk` frames. */
  single_tasks: Generated<number>;
  /** What tasks are meant to take; null where their frames were counted. */
  chunk_sec: ColumnType<number | null, number | null | undefined, never>;
  /** `chunk` is settled when frames are measured; each task has one until then. */
  is_chunk_open: Generated<boolean>;
  /** Drawn before the others, in this order; null: none are. */
  test_frames: ColumnType<number[] | null, string | null | undefined, never>;
  /** What the rest of the job waits for beside these; null: nothing. */
  test_gate: ColumnType<TestGate | null, TestGate | null | undefined, TestGate | null>;
  /** Its job has test frames. */
  is_gated: Generated<boolean>;
  task_count: number;
  released: Generated<number>;
  films: ColumnType<FilmPlan[], string | undefined, string>;
  /** Layers of its job, and of others, that it waits for; null: none. */
  needs: ColumnType<LayerNeed[] | null, string | null | undefined, never>;
  /** Its frames in the order of drawing; null where it waits for the same ones of no other job. */
  frame_order: ColumnType<PlacedFrames[] | null, string | null | undefined, never>;
  /** Names of limits that its tasks count for beside those of its job; null: none. */
  limits: ColumnType<string[] | null, string | null | undefined, never>;
  /** What its workers must have, with what its job requires; null: anything. */
  requires: ColumnType<Requires | null, string | null | undefined, string | null>;
  /** What it requires itself. */
  own_requires: ColumnType<Requires | null, string | null | undefined, never>;
  /** What its scene takes of a worker; null where any will do, and of layers of before. */
  scene_needs: ColumnType<SceneNeeds | null, string | null | undefined, never>;
  settings: Json<RenderSettings>;
  /** Null where each frame is drawn whole. */
  division: NullableJson<Division>;
  /** Null in jobs of earlier versions: that of the job. */
  frame_timeout_ms: ColumnType<number | null, number | null | undefined, never>;
}

/** `count` frames of a layer, from `first` on in steps, after so many others of its order. */
export interface PlacedFrames {
  readonly before: number;
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

export interface TaskTable {
  id: string;
  tenant_id: string;
  kind: TaskKind;
  job_id: string | null;
  layer_id: string | null;
  scene_id: string;
  /** Within the layer, among tasks of its kind. */
  index: number;
  state: TaskState;
  /** Inputs that are missing, while it is `blocked`. */
  needs: Generated<number>;
  /** Of a task that makes a frame of parts: that of the worker that was given the first of them. */
  adapter_class: ColumnType<string | null, string | null | undefined, string | null>;
  /** The task that this one is an input of. */
  feeds: ColumnType<string | null, string | null | undefined, never>;
  /** Attempts that count as tries. */
  tries: Generated<number>;
  /** How often what was done was asked for anew. */
  redone: Generated<number>;
  /** Attempts at all, withdrawn ones included: numbers deliveries. */
  attempts: Generated<number>;
  /** Not assigned before this time (back-off). */
  not_before: Date | null;
  created_at: CreatedAt;
  ended_at: Date | null;
}

export interface AttemptTable {
  id: string;
  task_id: string;
  number: number;
  state: AttemptState;
  worker_id: string;
  worker_name: string;
  /** Machine of its worker; null of attempts of earlier versions. */
  host: ColumnType<string | null, string | null | undefined, never>;
  /** Limits that its lease counts for; null: none. */
  limits: ColumnType<string[] | null, string | null | undefined, never>;
  lease_epoch: number;
  lease_token: string;
  lease_expires_at: Date;
  reason: string | null;
  message: string | null;
  log: Json<string[]>;
  result_hash: string | null;
  /** Of a part of a frame whose first samples earlier attempts have delivered. */
  resumed_from_sample: ColumnType<number | null, number | null | undefined, number | null>;
  created_at: CreatedAt;
  started_at: Date | null;
  ended_at: Date | null;
  /** Its slot time is counted in `layer_use`, where it counts there at all. */
  is_metered: Generated<boolean>;
}

/** A frame is recorded once: the primary key is layer and number. `sequence` is the order of finishing. */
export interface FrameTable {
  layer_id: string;
  frame_number: number;
  sequence: Generated<number>;
  job_id: string;
  tenant_id: string;
  task_id: string;
  attempt_id: string;
  sha256: string;
  size_bytes: number;
  media_type: string;
  stages: Json<FrameStages>;
  statistics: NullableJson<PixelStatistics>;
  finished_at: CreatedAt;
}

/** A file of a frame beside its first, which `frames` has; or a small picture of it. */
interface FrameFileTable {
  layer_id: string;
  frame_number: number;
  pass: Pass | 'preview';
  sha256: string;
  size_bytes: number;
}

/** Sums of a range of samples that a task has delivered. They go when the frame is made of them, or will never be. */
interface PieceTable {
  task_id: string;
  first_sample: number;
  sample_count: number;
  /** Or the id of the live session that drew them. */
  attempt_id: string;
  sha256: string;
  size_bytes: number;
  /** Null while samples follow, or where all of them are drawn. */
  ended_by: ColumnType<'noise' | 'time' | null, 'noise' | 'time' | null | undefined, never>;
  /** Of the frame up to these samples, where it was looked at. */
  noise: ColumnType<number | null, number | null | undefined, never>;
  drawn_ms: ColumnType<number | null, number | null | undefined, never>;
  backend: ColumnType<Backend | null, Backend | null | undefined, never>;
  created_at: CreatedAt;
}

/** What a task of the kind `film` makes. Its state is the task's; `sha256` is null until it is there. */
interface FilmTable {
  task_id: string;
  job_id: string;
  layer_id: string;
  tenant_id: string;
  plan: Json<FilmPlan>;
  /** Keeps the sound. */
  audio_sha256: string | null;
  /** Frames that its worker has asked for so far. */
  frames_taken: Generated<number>;
  facts: NullableJson<FilmFacts>;
  sha256: string | null;
  size_bytes: number | null;
  error: NullableJson<{ code: string; message: string }>;
  finished_at: Date | null;
}

interface WorkerTable {
  id: string;
  secret_hash: string;
  identity: Json<WorkerIdentity>;
  status: NullableJson<WorkerStatus>;
  state: WorkerState;
  registered_at: CreatedAt;
  seen_at: Date;
  /** Given nothing that another could do until then. */
  suspended_until: ColumnType<Date | null, Date | null | undefined, Date | null>;
  suspended_for: ColumnType<'tasks' | 'canary' | null, never, 'tasks' | 'canary' | null>;
  /** Given nothing before it has drawn its canary right. */
  canary_due: Generated<boolean>;
  /** Of late: each makes the next one longer. */
  suspensions: Generated<number>;
  /** Failures before this are forgotten. */
  watched_from: Generated<Date>;
}

/** `tenant_id` null: for everybody. */
interface EventTable {
  id: Generated<number>;
  tenant_id: string | null;
  type: string;
  job_id: string | null;
  scene_id: string | null;
  data: Json<object>;
  at: CreatedAt;
}

/** Single values: `dispatch_epoch` counts the dispatchers that have led. */
interface FarmStateTable {
  key: string;
  value: number;
}

export interface Database {
  tenants: TenantTable;
  api_keys: ApiKeyTable;
  sign_in_codes: SignInCodeTable;
  web_sessions: WebSessionTable;
  objects: ObjectTable;
  tenant_objects: TenantObjectTable;
  farm_secrets: FarmSecretTable;
  view_tokens: ViewTokenTable;
  uploads: UploadTable;
  scenes: SceneTable;
  scene_files: SceneFileTable;
  jobs: JobTable;
  purged_jobs: PurgedJobTable;
  layers: LayerTable;
  tasks: TaskTable;
  attempts: AttemptTable;
  frames: FrameTable;
  frame_files: FrameFileTable;
  pieces: PieceTable;
  films: FilmTable;
  workers: WorkerTable;
  sessions: SessionTable;
  servers: ServerTable;
  events: EventTable;
  farm_state: FarmStateTable;
  estimates: EstimateTable;
  layer_use: LayerUseTable;
  job_costs: JobCostTable;
  limits: LimitTable;
  user_shares: UserShareTable;
  webhooks: WebhookTable;
  webhook_deliveries: WebhookDeliveryTable;
}
