/**
 * What a decision of the dispatcher takes: what waits is looked at, work is picked for workers and given to them. Alternately in
 * a database with few waiting tasks and in one with many.
 *
 * `passes.ts FEW MANY DATABASEURL DATABASEURL`, as a child process, on two empty databases: it says `{ ready: true }`; told
 * `{ shape }`, it says `{ few, many }`, each with the medians `coldMs`, of passes that remember nothing of what waits, and `warmMs`.
 */
import { randomBytes } from 'node:crypto';
import { newId } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import { pino } from 'pino';
import { assign, type Lease } from '../src/dispatch/assign.ts';
import { areCursorPicks, assignFromCursors } from '../src/dispatch/assign-cursor.ts';
import { Board } from '../src/dispatch/board.ts';
import { DISPATCH_LIMITS } from '../src/dispatch/limits.ts';
import { pick } from '../src/dispatch/pick.ts';
import { ShareBook } from '../src/dispatch/share-book.ts';
import { createChange } from '../src/events/changes.ts';
import { openStore } from '../src/store/open-store.ts';
import type { Database } from '../src/store/tables.ts';
import { addFarm, SHAPES } from './shapes.ts';

type Shape = keyof typeof SHAPES;

const [few = '1000', many = '1000000', ...urls] = process.argv.slice(2);
const WORKERS = 4;
const IDENTITY = {
  name: 'none',
  pid: 1,
  version: 'bench',
  protocols: [2, 1],
  slots: 1,
  maxSessions: 0,
  capabilities: [{ engine: 'raster', backend: 'webgl' }],
  adapterClass: '0123456789abcdef',
  renderer: 'none',
  backend: 'none',
  browserVersion: 'none',
  sandboxed: true,
  filmMakers: [],
};
/** As many as leave some of the few tasks waiting: three for each slot in every pass. */
const ROUNDS = 31;
const WARM_UP = 3;
const LEASE_MS = 3_600_000;

const parts = {
  newId: (kind: Parameters<typeof newId>[0]) => newId(kind, (bytes) => crypto.getRandomValues(bytes)),
  newToken: () => randomBytes(32).toString('base64url'),
  now: () => new Date(),
};

class Bench {
  readonly #db: Kysely<Database>;
  readonly #board: Board;
  readonly #change: ReturnType<typeof createChange>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
    const shares = new ShareBook({ db, halfLifeMs: 600_000, monotonicMs: () => performance.now() });
    this.#board = new Board({ db, leaseMs: LEASE_MS, shares, taskMs: () => null });
    this.#change = createChange({ db, announce: () => {}, now: parts.now });
  }

  async fill(shape: Shape, tasks: number): Promise<void> {
    await sql`truncate tenants, events, workers cascade`.execute(this.#db);
    await addFarm(this.#db, IDENTITY, WORKERS);
    await SHAPES[shape](this.#db, tasks);
    await sql`vacuum analyze`.execute(this.#db);
    this.#board.forgetWork();
    this.#board.forgetWorkers();
  }

  /** @returns milliseconds. What was given is done afterwards, so that the next pass finds room. */
  async pass(isCold: boolean): Promise<number> {
    if (isCold) this.#board.forgetWork();
    const startedAt = performance.now();
    const snapshot = await this.#board.look(new Set());
    if (!snapshot) throw new Error('a pass found nothing to do');
    const picks = pick(snapshot).slice(0, DISPATCH_LIMITS.assignmentsPerPass);
    const lease: Lease = { epoch: 0, leaseMs: LEASE_MS, workerNames: snapshot.workerNames, hosts: snapshot.hosts };
    const given = areCursorPicks(picks)
      ? await assignFromCursors(this.#db, picks, lease, parts)
      : await this.#change((trx, tell) => assign(trx, tell, picks, lease, parts));
    this.#board.given(picks, given.length === picks.length);
    const tookMs = performance.now() - startedAt;
    if (given.length < WORKERS) throw new Error(`a pass gave ${given.length} tasks to ${WORKERS} workers`);
    await sql`
      with over as (
        update attempts set state = 'succeeded', started_at = now(), ended_at = now()
        where state = 'assigned' returning task_id)
      update tasks set state = 'succeeded', ended_at = now() where id in (select task_id from over)`.execute(this.#db);
    return tookMs;
  }
}

const benches = await Promise.all(
  urls.map(async (databaseUrl) => {
    const store = await openStore({ home: '', databaseUrl }, pino({ level: 'silent' }));
    return new Bench(store.db);
  }),
);

async function measure(shape: Shape) {
  const [small, large] = benches;
  if (!small || !large) throw new Error('expected the addresses of two databases');
  await small.fill(shape, Number(few));
  await large.fill(shape, Number(many));
  const times = {
    few: { cold: [] as number[], warm: [] as number[] },
    many: { cold: [] as number[], warm: [] as number[] },
  };
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const [bench, into] of [
      [small, times.few],
      [large, times.many],
    ] as const) {
      for (const kind of ['cold', 'warm'] as const) {
        const tookMs = await bench.pass(kind === 'cold');
        if (round >= 0) into[kind].push(tookMs);
      }
    }
  }
  const medians = ({ cold, warm }: typeof times.few) => ({ coldMs: median(cold), warmMs: median(warm) });
  return { few: medians(times.few), many: medians(times.many) };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

process.on('disconnect', () => process.exit(0));
process.on('message', ({ shape }: { readonly shape: Shape }) => {
  measure(shape).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.send?.({ ready: true });
