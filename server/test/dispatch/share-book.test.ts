/** Fair shares: the real picking and book-keeping with a clock of its own, many tasks, workers that do nothing but take time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Candidate } from '../../src/dispatch/candidate.ts';
import type { PickWorker } from '../../src/dispatch/desk.ts';
import { pick } from '../../src/dispatch/pick.ts';
import { ShareBook } from '../../src/dispatch/share-book.ts';
import { heldSec, NO_LOADS } from '../../src/dispatch/turns.ts';
import type { Database } from '../../src/store/tables.ts';
import { makeId } from '../farm-fixture.ts';
import { addAttemptRow, addJobRows, addSceneRow } from '../job-rows.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';

let opened: TestStore;
let db: Kysely<Database>;
let nowMs = 0;
const HALF_LIFE_MS = 600_000;
const bookNow = () => new ShareBook({ db, halfLifeMs: HALF_LIFE_MS, monotonicMs: () => nowMs });

beforeAll(async () => {
  opened = await openTestStore();
  ({ db } = opened.store);
});
beforeEach(() => {
  nowMs = 1_000_000;
});
afterAll(() => opened?.dispose());

interface Settings {
  readonly share_weight?: number;
  readonly min_slots?: number;
  readonly max_slots?: number | null;
}

async function addTenant(settings: Settings = {}): Promise<string> {
  const id = makeId('tenant');
  await db
    .insertInto('tenants')
    .values({ id, name: id, ...settings })
    .execute();
  return id;
}

interface Load {
  readonly tenantId: string;
  readonly taskMs: number;
  /** When its first task comes. @defaultValue 0 */
  readonly fromMs?: number;
}

/** Slot-seconds that each tenant has had, of workers with one slot each, while everybody always has more to do. */
function farmOf(book: ShareBook, slots: number, work: readonly Load[], forMs: number): Map<string, number> {
  const had = new Map(work.map(({ tenantId }) => [tenantId, 0]));
  const queues: { tenantId: string; taskMs: number; endsMs: number | null }[][] = Array.from(
    { length: slots },
    () => [],
  );
  const startMs = nowMs;
  let lookedMs = nowMs;
  while (nowMs < startMs + forMs) {
    const running = new Map<string, number>();
    const held = new Map<string, number>();
    const heldSecs = new Map<string, number>();
    for (const queue of queues) {
      for (const [place, { tenantId, taskMs }] of queue.entries()) {
        held.set(tenantId, (held.get(tenantId) ?? 0) + 1);
        heldSecs.set(tenantId, (heldSecs.get(tenantId) ?? 0) + heldSec(taskMs));
        // What is claimed ahead has no slot.
        if (place === 0) running.set(tenantId, (running.get(tenantId) ?? 0) + 1);
      }
    }
    book.charge(new Map([...running].map(([tenantId, n]) => [tenantId, (n * (nowMs - lookedMs)) / 1_000])));
    lookedMs = nowMs;
    const workers = queues.map((queue, n): PickWorker => workerOf(`w${n}`, queue.length));
    const open = work.filter(({ fromMs = 0 }) => nowMs >= startMs + fromMs);
    const candidates = open.map(({ tenantId, taskMs }) => cursorOf(tenantId, taskMs));
    const usage = { render: held, import: new Map(), film: new Map() };
    const shares = new Map(open.map(({ tenantId }) => [tenantId, book.of(tenantId)]));
    const loads = { ...NO_LOADS, heldBy: (tenantId: string) => heldSecs.get(tenantId) ?? 0 };
    for (const { workerId, tenantId } of pick({ workers, candidates, usage, shares, loads })) {
      const { taskMs = 0 } = work.find((load) => load.tenantId === tenantId) ?? {};
      queues[Number(workerId.slice(1))]?.push({ tenantId, taskMs, endsMs: null });
    }
    let nextMs = nowMs + 1_000;
    for (const [head] of queues) {
      if (!head) continue;
      head.endsMs ??= nowMs + head.taskMs;
      nextMs = Math.min(nextMs, head.endsMs);
    }
    nowMs = nextMs;
    for (const queue of queues) {
      const [head] = queue;
      if (!head || (head.endsMs ?? Number.POSITIVE_INFINITY) > nowMs) continue;
      had.set(head.tenantId, (had.get(head.tenantId) ?? 0) + head.taskMs / 1_000);
      queue.shift();
    }
  }
  return had;
}

const workerOf = (id: string, rendering: number): PickWorker => ({
  id,
  slots: 1,
  abilities: [{ engine: 'raster', backend: 'webgl' }],
  adapterClass: 'one',
  loaded: new Set(),
  tenants: new Set(),
  rendering,
  renderingBy: [],
  importing: new Set(),
  filmMakers: [],
  filming: 0,
  queuedMs: null,
});

const cursorOf = (tenantId: string, taskMs: number): Candidate => ({
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
  remaining: 1_000_000,
  jobId: tenantId,
  layerId: tenantId,
  engine: 'raster',
  backend: 'auto',
  classPolicy: 'prefer',
  jobClass: 'one',
  frameClass: null,
  taskMs,
});

/** Parts of the whole, by tenant. */
function partsOf(had: ReadonlyMap<string, number>): number[] {
  const whole = [...had.values()].reduce((sum, sec) => sum + sec, 0);
  return [...had.values()].map((sec) => sec / whole);
}

test('tenants get slot-seconds by their weights, within 5 %, however long their tasks take', async () => {
  const [one, two, three] = [await addTenant(), await addTenant(), await addTenant({ share_weight: 2 })];
  const book = bookNow();
  await book.read();
  const loads = [
    { tenantId: one, taskMs: 500 },
    { tenantId: two, taskMs: 7_000 },
    { tenantId: three, taskMs: 1_900 },
  ];
  // 4 slots for 40 minutes: some 5,000 tasks.
  const parts = partsOf(farmOf(book, 4, loads, 2_400_000));
  for (const [n, wanted] of [0.25, 0.25, 0.5].entries())
    expect(Math.abs((parts[n] ?? 0) / wanted - 1)).toBeLessThan(0.05);
});

test('who comes later first catches up with what the other has had lately, and not with all it ever had', async () => {
  const [early, late] = [await addTenant(), await addTenant()];
  const book = bookNow();
  await book.read();
  farmOf(book, 2, [{ tenantId: early, taskMs: 1_000 }], 4 * HALF_LIFE_MS);
  const loads = [
    { tenantId: early, taskMs: 1_000 },
    { tenantId: late, taskMs: 1_000 },
  ];
  const [first = 0] = partsOf(farmOf(book, 2, loads, HALF_LIFE_MS / 4));
  expect(first).toBeLessThan(0.05);
  farmOf(book, 2, loads, HALF_LIFE_MS);
  const [then = 0] = partsOf(farmOf(book, 2, loads, HALF_LIFE_MS / 4));
  expect(then).toBeGreaterThan(0.45);
});

test('a tenant has the slots that it is promised, whatever it has had, and none beyond its limit', async () => {
  const [promised, limited, rest] = [
    await addTenant({ min_slots: 2, share_weight: 0.01 }),
    await addTenant({ max_slots: 1, share_weight: 100 }),
    await addTenant(),
  ];
  const book = bookNow();
  await book.read();
  const loads = [promised, limited, rest].map((tenantId) => ({ tenantId, taskMs: 1_000 }));
  const had = farmOf(book, 8, loads, 600_000);
  // Slots, in the mean. What is queued ahead counts as held, of three deliveries a slot.
  const slots = (tenantId: string) => (had.get(tenantId) ?? 0) / 600;
  expect(slots(limited)).toBeLessThanOrEqual(1);
  expect(slots(promised)).toBeGreaterThan(0.5);
  expect(slots(rest)).toBeGreaterThan(5);
});

test('whoever leads next goes on from what was written down, as it has aged since', async () => {
  const tenantId = await addTenant();
  const book = bookNow();
  await book.read();
  book.charge(new Map([[tenantId, 3]]));
  expect(book.of(tenantId).usedSlotSec).toBeCloseTo(3, 2);
  await book.write();
  await db
    .updateTable('tenants')
    .set((eb) => ({ used_at: eb.fn('now', []), max_slots: 5 }))
    .where('id', '=', tenantId)
    .execute();
  const next = bookNow();
  await next.read();
  expect(next.of(tenantId)).toMatchObject({ usedSlotSec: expect.closeTo(3, 1), maxSlots: 5 });
  nowMs += HALF_LIFE_MS;
  expect(next.of(tenantId).usedSlotSec).toBeCloseTo(1.5, 1);
});

test('what attempts took is charged once, while they are under way and when they end', async () => {
  const scene = await addSceneRow(db);
  const { taskIds } = await addJobRows(db, { ...scene, tasks: 1, taskState: 'leased' });
  const book = bookNow();
  await book.read();
  const attemptId = await addAttemptRow(db, taskIds[0] ?? '', { state: 'running', startedAt: new Date() });
  const charged: number[] = [];
  for (let n = 0; n < 3; n += 1) {
    await sleep(100);
    if (n === 1) {
      await sql`update attempts set state = 'succeeded', ended_at = now() where id = ${attemptId}`.execute(db);
    }
    await book.read();
    charged.push(book.of(scene.tenantId).usedSlotSec);
  }
  const [first = 0, second = 0, third = 0] = charged;
  expect(first).toBeGreaterThan(0.05);
  expect(second).toBeGreaterThan(first + 0.05);
  expect(third).toBe(second);
});
