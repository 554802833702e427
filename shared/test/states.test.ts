import { describe, expect, it } from 'vitest';
import {
  ATTEMPT_TRANSITIONS,
  JOB_TRANSITIONS,
  JobState,
  mayBecome,
  mayReach,
  SCENE_TRANSITIONS,
  SESSION_TRANSITIONS,
  TASK_TRANSITIONS,
  WORKER_TRANSITIONS,
} from '../src/states.ts';
import { matches } from '../src/validate.ts';

type Table = Readonly<Record<string, readonly string[]>>;
const tables: readonly [name: string, table: Table, first: string, ends: readonly string[]][] = [
  ['scene', SCENE_TRANSITIONS, 'uploading', ['ready', 'refused']],
  ['job', JOB_TRANSITIONS, 'queued', ['cancelled']],
  ['task', TASK_TRANSITIONS, 'blocked', []],
  ['attempt', ATTEMPT_TRANSITIONS, 'assigned', ['succeeded', 'failed', 'lost', 'withdrawn', 'yielded', 'cancelled']],
  ['worker', WORKER_TRANSITIONS, 'ready', []],
  ['session', SESSION_TRANSITIONS, 'opening', ['ended']],
];

describe.each(tables)('states of a %s', (_, table, first, ends) => {
  it('lead to states of the table only, never to themselves, each once', () => {
    for (const [state, next] of Object.entries(table)) {
      expect(Object.keys(table)).toEqual(expect.arrayContaining([...next]));
      expect(next).not.toContain(state);
      expect(new Set(next).size).toBe(next.length);
    }
  });

  it('can all be reached from the first', () => {
    const reached = new Set([first]);
    for (const state of reached) for (const next of table[state] ?? []) reached.add(next);
    expect([...reached].sort()).toEqual(Object.keys(table).sort());
  });

  it('end where nothing follows', () => {
    expect(Object.keys(table).filter((state) => table[state]?.length === 0)).toEqual(ends);
  });
});

describe('mayBecome', () => {
  it('follows the arrows of the table and no others', () => {
    for (const from of Object.keys(JOB_TRANSITIONS)) {
      for (const to of Object.keys(JOB_TRANSITIONS)) {
        const table: Table = JOB_TRANSITIONS;
        expect(mayBecome(table, from, to)).toBe(table[from]?.includes(to));
      }
    }
    expect(mayBecome(JOB_TRANSITIONS, 'queued', 'running')).toBe(true);
    expect(mayBecome(JOB_TRANSITIONS, 'succeeded', 'running')).toBe(false);
    // A failed job may be tried again, one that is done drawn anew; a cancelled one may not.
    expect(mayBecome(JOB_TRANSITIONS, 'failed', 'queued')).toBe(true);
    expect(mayBecome(JOB_TRANSITIONS, 'succeeded', 'queued')).toBe(true);
    expect(mayBecome(JOB_TRANSITIONS, 'cancelled', 'queued')).toBe(false);
    // A withdrawn attempt has not begun.
    expect(mayBecome(ATTEMPT_TRANSITIONS, 'assigned', 'withdrawn')).toBe(true);
    expect(mayBecome(ATTEMPT_TRANSITIONS, 'running', 'withdrawn')).toBe(false);
    // One that gave way has drawn something.
    expect(mayBecome(ATTEMPT_TRANSITIONS, 'assigned', 'yielded')).toBe(false);
  });
});

it('the schema of a state takes the states of its table only', () => {
  for (const state of ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled']) {
    expect(matches(JobState, state)).toBe(true);
  }
  for (const other of ['', 'Queued', 'done', 'toString', null, 0]) expect(matches(JobState, other)).toBe(false);
});

it('mayReach follows any number of arrows, and none', () => {
  expect(mayReach(SCENE_TRANSITIONS, 'uploading', 'ready')).toBe(true);
  expect(mayReach(SCENE_TRANSITIONS, 'ready', 'ready')).toBe(true);
  expect(mayReach(SCENE_TRANSITIONS, 'ready', 'importing')).toBe(false);
  expect(mayReach(JOB_TRANSITIONS, 'failed', 'succeeded')).toBe(true);
  expect(mayReach(JOB_TRANSITIONS, 'cancelled', 'running')).toBe(false);
});
