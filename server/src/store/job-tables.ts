/** Jobs as Kysely types; see `tables.ts`. */
import type { ClassPolicy, JobState, JobWait } from '@kiln/shared';
import type { ColumnType, Generated } from 'kysely';
import type { CreatedAt, NullableJson } from './column-types.ts';

export interface JobTable {
  id: string;
  tenant_id: string;
  scene_id: string;
  name: string;
  state: JobState;
  priority: number;
  max_attempts: number;
  frame_timeout_ms: number;
  class_policy: ClassPolicy;
  /** Ids of the jobs that must succeed before it begins; null: none. */
  after_jobs: ColumnType<string[] | null, string | null | undefined, never>;
  /** Ids of the jobs whose layers its own wait for; null: none. */
  needed_jobs: ColumnType<string[] | null, string | null | undefined, never>;
  /** Of the worker that was given the first of its frames. */
  adapter_class: ColumnType<string | null, string | null | undefined, string | null>;
  idempotency_key: string | null;
  /** Of what was asked for with the key; null without one, and of jobs of earlier versions. */
  request_hash: ColumnType<string | null, string | null | undefined, never>;
  /** Who submitted it, as its client said. */
  user_name: ColumnType<string | null, string | null | undefined, never>;
  /** Free labels; null: none. */
  tags: NullableJson<string[]>;
  /** Names of limits that its tasks count for; null: none. */
  limits: NullableJson<string[]>;
  /** Tasks under way at once; null: as it comes. */
  max_slots: ColumnType<number | null, number | null | undefined, number | null>;
  /** The same on one machine. */
  max_per_host: ColumnType<number | null, number | null | undefined, number | null>;
  /** Goes up with each change of these three. */
  terms_version: Generated<number>;
  /** When it last did. */
  terms_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  /** Ids of the webhooks that are told of it; null: all of its tenant's. */
  notify: ColumnType<string[] | null, string | null | undefined, never>;
  frame_count: number;
  frames_done: Generated<number>;
  frames_failed: Generated<number>;
  frames_redrawn: Generated<number>;
  /** Samples of a live view that its frame begins with. */
  reused_samples: Generated<number>;
  film_count: Generated<number>;
  films_done: Generated<number>;
  films_failed: Generated<number>;
  /** Tasks that have failed for good: a frame in parts is one, films are none. */
  tasks_failed: Generated<number>;
  /** Null: nothing stops it. */
  max_failed_tasks: ColumnType<number | null, number | null | undefined, number | null>;
  /** Was paused when as many tasks had failed as may, and not resumed or retried since. */
  stopped: Generated<boolean>;
  /** What held it when that was looked at last; of a job that is over, what once did. */
  waits_for: NullableJson<JobWait>;
  error: NullableJson<{ code: string; message: string }>;
  /** When something of it was last given out, as the leader noted it; null: never. */
  given_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  created_at: CreatedAt;
  started_at: Date | null;
  ended_at: Date | null;
  archived_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  /** Nobody sees it any more; what there is of it goes bit by bit. */
  purged_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
}

/** What is left of purged jobs. */
export interface PurgedJobTable {
  id: string;
  tenant_id: string;
  name: string;
  frames_done: number;
  slot_sec: number;
  created_at: Date;
  ended_at: Date | null;
  purged_at: Date;
}
