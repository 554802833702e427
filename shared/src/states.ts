/**
 * States and their transitions, as data. `from → to` pairs that are not listed do not happen: each statement that
 * moves a state names the states that it moves from.
 */

import type { Static } from 'typebox';
import * as Type from 'typebox';

type Transitions<S extends string> = Readonly<Record<S, readonly S[]>>;

export const SCENE_TRANSITIONS = {
  uploading: ['importing', 'refused'],
  importing: ['ready', 'refused'],
  ready: [],
  refused: [],
} as const satisfies Transitions<'uploading' | 'importing' | 'ready' | 'refused'>;

/** What has ended goes on where its owner has frames of it tried again, or drawn anew. */
export const JOB_TRANSITIONS = {
  queued: ['running', 'paused', 'succeeded', 'failed', 'cancelled'],
  running: ['queued', 'paused', 'succeeded', 'failed', 'cancelled'],
  paused: ['queued', 'running', 'succeeded', 'failed', 'cancelled'],
  succeeded: ['queued'],
  failed: ['queued'],
  cancelled: [],
} as const satisfies Transitions<'queued' | 'running' | 'paused' | 'succeeded' | 'failed' | 'cancelled'>;

/**
 * `blocked`: what it is made of is not there yet; when one of its inputs fails for good, so does it. `waiting`: released, no
 * lease. `leased`: one attempt holds it. `waiting` again: that attempt ended without a result, or its owner has it tried again,
 * or drawn anew: a task, all parts of a frame, a film without such a frame.
 */
export const TASK_TRANSITIONS = {
  blocked: ['waiting', 'failed', 'cancelled'],
  waiting: ['leased', 'cancelled'],
  leased: ['waiting', 'succeeded', 'failed', 'cancelled'],
  succeeded: ['waiting', 'blocked'],
  failed: ['waiting', 'blocked'],
  cancelled: ['waiting'],
} as const satisfies Transitions<'blocked' | 'waiting' | 'leased' | 'succeeded' | 'failed' | 'cancelled'>;

/**
 * `assigned`: a delivery is on its way. `running`: the worker said that it began. `lost`: the lease ran out.
 * `withdrawn`: taken back before it began. `yielded`: it stored what it had drawn and left the slot to something more urgent
 * of its tenant. Neither counts as a try.
 */
export const ATTEMPT_TRANSITIONS = {
  assigned: ['running', 'succeeded', 'failed', 'lost', 'withdrawn', 'cancelled'],
  running: ['succeeded', 'failed', 'lost', 'yielded', 'cancelled'],
  succeeded: [],
  failed: [],
  lost: [],
  withdrawn: [],
  yielded: [],
  cancelled: [],
} as const satisfies Transitions<
  'assigned' | 'running' | 'succeeded' | 'failed' | 'lost' | 'withdrawn' | 'yielded' | 'cancelled'
>;

/** `draining`: takes nothing new. `lost`: not heard of for its lease. `gone`: said goodbye. */
export const WORKER_TRANSITIONS = {
  ready: ['draining', 'lost', 'gone'],
  draining: ['lost', 'gone', 'ready'],
  lost: ['ready', 'gone'],
  gone: ['ready'],
} as const satisfies Transitions<'ready' | 'draining' | 'lost' | 'gone'>;

/** `detached`: the viewer is away and may come back within the lease. `stranded`: the worker is away. */
export const SESSION_TRANSITIONS = {
  opening: ['active', 'stranded', 'ended'],
  active: ['detached', 'stranded', 'ended'],
  detached: ['active', 'stranded', 'ended'],
  stranded: ['opening', 'ended'],
  ended: [],
} as const satisfies Transitions<'opening' | 'active' | 'detached' | 'stranded' | 'ended'>;

const literals = <T extends Readonly<Record<string, unknown>>>(table: T) =>
  Type.Enum(Object.keys(table) as (keyof T & string)[]);

export const SceneState = literals(SCENE_TRANSITIONS);
export type SceneState = Static<typeof SceneState>;
export const JobState = literals(JOB_TRANSITIONS);
export type JobState = Static<typeof JobState>;
export const TaskState = literals(TASK_TRANSITIONS);
export type TaskState = Static<typeof TaskState>;
export const AttemptState = literals(ATTEMPT_TRANSITIONS);
export type AttemptState = Static<typeof AttemptState>;
export const WorkerState = literals(WORKER_TRANSITIONS);
export type WorkerState = Static<typeof WorkerState>;
export const SessionState = literals(SESSION_TRANSITIONS);
export type SessionState = Static<typeof SessionState>;

/** Whether nothing happens to a job any more by itself. */
export const isJobOver = (state: JobState): boolean =>
  state === 'succeeded' || state === 'failed' || state === 'cancelled';

/** Whether `table` has the arrow `from → to`. */
export function mayBecome<S extends string>(table: Transitions<S>, from: S, to: S): boolean {
  return table[from].includes(to);
}

/** Whether a thing in state `from` can come to be in state `to`, in any number of steps; none is one too. */
export function mayReach<S extends string>(table: Transitions<S>, from: S, to: S): boolean {
  const reached = new Set([from]);
  for (const state of reached) for (const next of table[state]) reached.add(next);
  return reached.has(to);
}
