import { describe, expect, test } from 'vitest';
import type { Candidate } from '../../src/dispatch/candidate.ts';
import { loadedKey, type PickWorker } from '../../src/dispatch/desk.ts';
import { DISPATCH_LIMITS } from '../../src/dispatch/limits.ts';
import { type PickInput, pick } from '../../src/dispatch/pick.ts';

const worker = (id: string, more: Partial<PickWorker> = {}): PickWorker => ({
  id,
  slots: 1,
  abilities: [{ engine: 'raster', backend: 'webgl' }],
  adapterClass: 'one',
  loaded: new Set(),
  tenants: new Set(),
  rendering: 0,
  renderingBy: [],
  importing: new Set<string>(),
  filmMakers: ['page'],
  filming: 0,
  queuedMs: null,
  ...more,
});

const cursor = (tenantId: string, more: Partial<Extract<Candidate, { kind: 'cursor' }>> = {}): Candidate => ({
  kind: 'cursor',
  tenantId,
  sceneId: 'scene',
  sceneHash: 'hash',
  priority: 50,
  createdAtMs: 0,
  position: 0,
  frameTimeoutMs: 1_000,
  isRunning: true,
  division: null,
  next: 0,
  remaining: 1_000,
  jobId: `job-${tenantId}`,
  layerId: `layer-${tenantId}`,
  engine: 'raster',
  backend: 'auto',
  classPolicy: 'strict',
  jobClass: null,
  frameClass: null,
  taskMs: null,
  ...more,
});

const importOf = (tenantId: string, taskId: string, createdAtMs = 0): Candidate => ({
  kind: 'import',
  tenantId,
  taskId,
  sceneHash: 'hash',
  priority: 0,
  createdAtMs,
  position: 0,
});

const picks = (input: Partial<PickInput>) =>
  pick({ workers: [], candidates: [], usage: { render: new Map(), import: new Map(), film: new Map() }, ...input });

const count = <T>(values: readonly T[], wanted: T) => values.filter((value) => value === wanted).length;

describe('pick', () => {
  test('gives each slot what it pipelines and one delivery ahead', () => {
    const given = picks({ workers: [worker('a', { slots: 2 })], candidates: [cursor('t')] });
    expect(given).toHaveLength(2 * (DISPATCH_LIMITS.pipelinedPerSlot + 1));
    expect(given.map((one) => (one.kind === 'cursor' ? one.index : -1))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('queues deeper only while all that waits is short, and never beyond the limit', () => {
    const deep = (taskMs: number) =>
      picks({ workers: [worker('a', { queuedMs: 0 })], candidates: [cursor('t', { taskMs })] }).length;
    expect(deep(DISPATCH_LIMITS.queuedAheadMs)).toBe(3);
    expect(deep(DISPATCH_LIMITS.queuedAheadMs / 10)).toBe(10);
    expect(deep(1)).toBe(DISPATCH_LIMITS.deliveriesPerSlot);
    const unknown = worker('a', { rendering: 3, queuedMs: null });
    expect(picks({ workers: [unknown], candidates: [cursor('t', { taskMs: 1 })] })).toHaveLength(0);
  });

  test('shares slots between tenants by what each uses, whatever their priorities', () => {
    const given = picks({
      workers: [worker('a', { slots: 4 })],
      candidates: [cursor('greedy', { priority: 100 }), cursor('modest', { priority: 1 })],
    }).map((one) => one.tenantId);
    expect(count(given, 'greedy')).toBe(6);
    expect(count(given, 'modest')).toBe(6);
  });

  test('a tenant that uses many slots waits until the other has as many', () => {
    const given = picks({
      workers: [worker('a', { slots: 2, rendering: 4 })],
      candidates: [cursor('greedy'), cursor('modest')],
      usage: { render: new Map([['greedy', 4]]), import: new Map(), film: new Map() },
    });
    expect(given.map((one) => one.tenantId)).toEqual(['modest', 'modest']);
  });

  test('nobody queues deep on a worker that is too full for the tenant whose turn it is', () => {
    const busy = worker('a', { rendering: 4, queuedMs: 40 });
    const short = cursor('greedy', { taskMs: 10 });
    const usage = { render: new Map([['greedy', 4]]), import: new Map(), film: new Map() };
    expect(picks({ workers: [busy], candidates: [short], usage })).not.toHaveLength(0);
    expect(picks({ workers: [busy], candidates: [short, cursor('modest')], usage })).toHaveLength(0);
    // What cannot be done by this worker at all reserves nothing there.
    const elsewhere = cursor('modest', { engine: 'pathtrace' });
    expect(picks({ workers: [busy], candidates: [short, elsewhere], usage })).not.toHaveLength(0);
  });

  test('of one user the more urgent job goes first, then the one that has had less, the older, the earlier layer', () => {
    const given = picks({
      workers: [worker('a', { slots: 2 })],
      candidates: [
        cursor('t', { jobId: 'new', layerId: 'new', createdAtMs: 2, remaining: 1 }),
        cursor('t', { jobId: 'old', layerId: 'second', createdAtMs: 1, position: 1, remaining: 1 }),
        cursor('t', { jobId: 'old', layerId: 'first', createdAtMs: 1, position: 0, remaining: 1 }),
        cursor('t', { jobId: 'urgent', layerId: 'urgent', createdAtMs: 3, priority: 80, remaining: 1 }),
      ],
    });
    expect(given.map((one) => (one.kind === 'cursor' ? one.layerId : ''))).toEqual([
      'urgent',
      'first',
      'new',
      'second',
    ]);
  });

  test('[WK18] what is more urgent does not stand behind its tenant’s less urgent deliveries, and says so', () => {
    const full = (priority: number, tenantId = 't') =>
      worker('a', { rendering: 3, renderingBy: [{ tenantId, priority, n: 3 }] });
    const given = (...workers: PickWorker[]) =>
      picks({ workers, candidates: [cursor('t', { priority: 60, remaining: 1 })] }).map((one) => [
        one.workerId,
        one.kind === 'cursor' && one.isUrgent,
      ]);
    expect(given(full(50))).toEqual([['a', true]]);
    expect(given(full(60))).toEqual([]);
    expect(given(full(70))).toEqual([]);
    expect(given(full(50, 'another'))).toEqual([]);
    expect(given({ ...full(50), renderingBy: null })).toEqual([]);
    // A slot that is free is better, even one whose worker must load the scene.
    const loaded = new Set([loadedKey('t', 'hash')]);
    expect(given({ ...full(50), loaded }, worker('b'))).toEqual([['b', false]]);
    const more = { rendering: DISPATCH_LIMITS.deliveriesPerSlot };
    expect(given({ ...full(50), ...more })).toEqual([]);
  });

  describe('by adapter class', () => {
    const [one, two] = [worker('a'), worker('b', { adapterClass: 'two' })];
    const classes = (...given: readonly [Partial<Extract<Candidate, { kind: 'cursor' }>>, ...PickWorker[]]) => {
      const [more, ...workers] = given;
      return picks({ workers, candidates: [cursor('t', more)] }).map((each) => each.workerId);
    };

    test('a strict job keeps to that of its first frame, and waits for it', () => {
      expect(new Set(classes({}, one, two))).toHaveLength(1);
      expect(new Set(classes({ jobClass: 'two' }, one, two))).toEqual(new Set(['b']));
      expect(classes({ jobClass: 'three' }, one, two)).toEqual([]);
      const layers = ['first', 'second'].map((layerId) => cursor('t', { layerId, jobId: 'job' }));
      expect(new Set(picks({ workers: [one, two], candidates: layers }).map((each) => each.workerId))).toHaveLength(1);
    });

    test('a job that prefers one takes others where it has no slot free', () => {
      const prefer = { classPolicy: 'prefer', jobClass: 'two', remaining: 1 } as const;
      expect(classes(prefer, one, two)).toEqual(['b']);
      const loaded = { ...one, loaded: new Set([loadedKey('t', 'hash')]) };
      expect(classes(prefer, loaded, two)).toEqual(['b']);
      expect(classes(prefer, one, { ...two, rendering: 2 })).toEqual(['a']);
      expect(classes(prefer, one)).toEqual(['a']);
    });

    test('all parts of a frame are of one, whatever the policy', () => {
      const division = { tiles: { columns: 2, rows: 1 }, sampleRanges: 1 };
      const parts = { classPolicy: 'prefer', division } as const;
      const given = picks({ workers: [one, two], candidates: [cursor('t', { ...parts, remaining: 12 })] });
      expect(new Set(given.map((each) => each.workerId))).toEqual(new Set(['a', 'b']));
      const frames = new Map<number, Set<string>>();
      for (const each of given) {
        const frame = each.kind === 'cursor' ? Math.floor(each.index / 2) : -1;
        frames.set(frame, (frames.get(frame) ?? new Set()).add(each.workerId));
      }
      expect(frames.size).toBeGreaterThan(2);
      for (const ids of frames.values()) expect(ids.size).toBe(1);
      const waiting = [0, 1].map((index): Candidate => {
        const {
          next: _,
          remaining: __,
          isRunning: ___,
          ...task
        } = cursor('t', parts) as Extract<Candidate, { kind: 'cursor' }>;
        return { ...task, kind: 'task', taskId: `again-${index}`, index, failedAt: [] };
      });
      const nearlyFull = [one, two].map((each) => ({
        ...each,
        rendering: each.slots * (DISPATCH_LIMITS.pipelinedPerSlot + 1) - 1,
      }));
      expect(picks({ workers: nearlyFull, candidates: waiting }).length).toBe(1);
      // Of a frame that is begun by a class that is not here nothing is given out.
      expect(classes({ ...parts, next: 1, frameClass: 'three' }, one, two)).toEqual([]);
      expect(classes({ ...parts, next: 1, remaining: 1, frameClass: 'two' }, one, two)).toEqual(['b']);
    });
  });

  test('a task that came back goes before those of its layer that were never tried', () => {
    const again: Candidate = {
      kind: 'task',
      tenantId: 't',
      taskId: 'again',
      index: 7,
      jobId: 'job-t',
      layerId: 'layer-t',
      sceneHash: 'hash',
      priority: 50,
      createdAtMs: 0,
      position: 0,
      engine: 'raster',
      backend: 'auto',
      classPolicy: 'strict',
      jobClass: null,
      frameClass: null,
      division: null,
      failedAt: [],
      taskMs: null,
    };
    const [first] = picks({ workers: [worker('a')], candidates: [cursor('t'), again] });
    expect(first).toMatchObject({ kind: 'task', taskId: 'again' });
    // It goes where it has not failed yet, or waits for that; elsewhere only when no other could do it.
    const failed = { ...again, failedAt: ['a'] };
    const at = (...workers: PickWorker[]) => picks({ workers, candidates: [failed] }).map(({ workerId }) => workerId);
    const loaded = worker('a', { loaded: new Set([loadedKey('t', 'hash')]), tenants: new Set(['t']) });
    expect(at(loaded, worker('b'))).toEqual(['b']);
    expect(at(loaded, worker('b', { rendering: 3 }))).toEqual([]);
    expect(at(loaded)).toEqual(['a']);
  });

  test('an import that takes long keeps its own tenant waiting, and nobody else', () => {
    const busy = worker('a', { importing: new Set(['slow']) });
    const given = picks({
      workers: [busy],
      candidates: [importOf('slow', 's2', 1), importOf('quick', 'q1', 2), importOf('quick', 'q2', 3)],
      usage: { render: new Map(), import: new Map([['slow', 1]]), film: new Map() },
    });
    expect(given).toEqual([{ workerId: 'a', tenantId: 'quick', kind: 'import', taskId: 'q1' }]);
  });

  test('imports have their own lane: a worker full of frames takes one', () => {
    const full = worker('a', { rendering: 3 });
    const given = picks({ workers: [full], candidates: [cursor('t'), importOf('t', 'i1', 1), importOf('t', 'i2', 2)] });
    expect(given).toEqual([{ workerId: 'a', tenantId: 't', kind: 'import', taskId: 'i1' }]);
  });

  test('prefers the worker that has the scene loaded for this tenant', () => {
    const loaded = worker('b', { loaded: new Set([loadedKey('t', 'hash')]), tenants: new Set(['t']), rendering: 1 });
    const otherTenants = worker('c', { loaded: new Set([loadedKey('other', 'hash')]) });
    const [first] = picks({ workers: [worker('a'), loaded, otherTenants], candidates: [cursor('t')] });
    expect(first?.workerId).toBe('b');
  });

  test('an idle worker is used before work queues up behind the loaded one', () => {
    const loaded = worker('b', { loaded: new Set([loadedKey('t', 'hash')]) });
    const given = picks({ workers: [worker('a'), loaded], candidates: [cursor('t', { remaining: 4 })] });
    expect(
      count(
        given.map((one) => one.workerId),
        'a',
      ),
    ).toBe(2);
    expect(
      count(
        given.map((one) => one.workerId),
        'b',
      ),
    ).toBe(2);
  });

  test('spreads over equal workers', () => {
    const given = picks({ workers: [worker('a'), worker('b')], candidates: [cursor('t', { remaining: 4 })] });
    expect(given.map((one) => one.workerId)).toEqual(['a', 'b', 'a', 'b']);
  });

  test('gives nothing to a worker that cannot do it, and goes on with what it can', () => {
    const given = picks({
      workers: [worker('a')],
      candidates: [
        cursor('t', { engine: 'pathtrace', priority: 90 }),
        cursor('t', { layerId: 'raster', remaining: 1 }),
      ],
    });
    expect(given.map((one) => (one.kind === 'cursor' ? one.layerId : ''))).toEqual(['raster']);
  });
});
