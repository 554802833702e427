/** Who is chosen is who would be chosen by looking at every worker. */
import { expect, test } from 'vitest';
import { byUrgency, type Candidate, type Lane, laneOf } from '../../src/dispatch/candidate.ts';
import { ANY_CLASS, ClassChoice, type WantedClass } from '../../src/dispatch/class-choice.ts';
import { Desk, isOpen, type PickWorker } from '../../src/dispatch/desk.ts';
import { OpenDesks } from '../../src/dispatch/open-desks.ts';
import { dice, randomFarm } from './random-farm.ts';

/** Looks at all of them, each time. */
class AllDesks {
  readonly desks: readonly Desk[];

  constructor(workers: readonly PickWorker[]) {
    this.desks = workers.map((worker, at) => new Desk(worker, at));
  }

  choose(candidate: Candidate, wanted: WantedClass): Desk | null {
    const failedAt = candidate.kind === 'task' ? candidate.failedAt : [];
    const good = this.desks.filter(({ worker }) => !worker.isAvoided && !failedAt.includes(worker.id));
    const suited = good.some((desk) => desk.can(candidate, wanted)) ? good : this.desks;
    const offers = suited.flatMap((desk) => {
      const price = desk.isReserved ? null : desk.price(candidate, wanted);
      return price === null ? [] : [{ desk, price }];
    });
    const best = offers.sort((a, b) => a.price - b.price || a.desk.at - b.desk.at)[0];
    if (best) return best.desk;
    for (const desk of suited) if (desk.can(candidate, wanted)) desk.isReserved = true;
    return null;
  }
}

/** Which workers need not be looked at, and whether work gives way. */
function withHints(lane: Lane, workers: readonly PickWorker[]) {
  const ofNote = [...workers.entries()].filter(
    ([, worker]) => worker.isAvoided || isOpen(lane, worker, worker) || worker.renderingBy?.length,
  );
  const priorities = workers.flatMap(({ renderingBy }) => renderingBy?.map(({ priority }) => priority) ?? []);
  return { workers, ofNote: ofNote.map(([place]) => place), leastPriority: Math.min(...priorities) };
}

/** @returns what was chosen, by the order in which it came. */
function compare(seed: number, lane: Lane): string[] {
  const at = dice(seed);
  const { workers, candidates } = randomFarm(seed);
  const queue = candidates.filter(({ kind }) => laneOf(kind) === lane).sort(byUrgency);
  const open = new OpenDesks(lane, at.happens(0.5) ? { workers } : withHints(lane, workers), queue);
  const all = new AllDesks(workers);
  const classes = new ClassChoice();
  const chosen: string[] = [];
  while (queue.length > 0) {
    // Tenants take turns: not always the most urgent one is next.
    const turn = at.below(queue.length);
    const candidate = queue[turn];
    if (!candidate) break;
    const tasks = candidate.kind === 'cursor' ? candidate.remaining : 1;
    for (let taken = 0; taken < tasks; taken++) {
      const wanted = 'jobClass' in candidate ? classes.wanted(candidate, taken) : ANY_CLASS;
      const wereClosed = open.areClosed;
      const desk = open.choose(candidate, wanted);
      const expected = all.choose(candidate, wanted);
      if (desk?.worker.id !== expected?.worker.id || (desk && wereClosed)) {
        throw new Error(`seed ${seed}, ${lane} ${chosen.length}: ${desk?.worker.id}, not ${expected?.worker.id}`);
      }
      if (!desk || !expected) break;
      chosen.push(desk.worker.id);
      if ('jobClass' in candidate) classes.settle(candidate, taken, desk.worker.adapterClass);
      desk.take(candidate);
      expected.take(candidate);
    }
    queue.splice(turn, 1);
  }
  return chosen;
}

test('who is chosen is who asks least of all, in 1,000 farms', () => {
  const chosen = { import: 0, film: 0, render: 0 };
  for (let seed = 0; seed < 1_000; seed++) {
    for (const lane of ['import', 'film', 'render'] as const) chosen[lane] += compare(seed, lane).length;
  }
  expect(Math.min(...Object.values(chosen))).toBeGreaterThan(500);
});

test('a farm without room is left at once, and one where something gives way is not', () => {
  const [worker] = randomFarm(1).workers;
  if (!worker) throw new Error('a farm has a worker');
  const candidates = randomFarm(1).candidates.map((one) => ({ ...one, tenantId: 't', priority: 50 }));
  const full = { ...worker, slots: 1, rendering: 3, queuedMs: null };
  const areClosed = (priority: number) =>
    new OpenDesks('render', { workers: [{ ...full, renderingBy: [{ tenantId: 't', priority, n: 1 }] }] }, candidates)
      .areClosed;
  expect([40, 50, 60].map(areClosed)).toEqual([false, true, true]);
});
