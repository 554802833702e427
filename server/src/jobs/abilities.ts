/** What the workers that are here can draw with. */
import type { Capability, FilmMaker, WorkerIdentity } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Clock } from '../services.ts';
import type { Database } from '../store/tables.ts';

interface Ability extends Capability {
  /** Those that are given work and have it. */
  readonly workers: number;
}

export interface FarmAbility {
  /** Of all ready workers: one that is due a canary is back in a moment, mostly. */
  readonly abilities: readonly Ability[];
  /** Those that are given work. */
  readonly workers: readonly WorkerIdentity[];
  /** Who makes films on any ready worker; null when there is none. */
  readonly filmMakers: readonly FilmMaker[] | null;
  /** Of those that are given work. */
  readonly slots: number;
}

async function readAbilities(db: Kysely<Database>): Promise<FarmAbility> {
  const rows = await db.selectFrom('workers').select(['identity', 'canary_due']).where('state', '=', 'ready').execute();
  const counts = new Map<string, Ability>();
  const filmMakers = new Set<FilmMaker>();
  let slots = 0;
  for (const { identity, canary_due } of rows) {
    if (!canary_due) slots += identity.slots;
    for (const maker of identity.filmMakers ?? []) filmMakers.add(maker);
    for (const { engine, backend } of identity.capabilities) {
      const key = `${engine}/${backend}`;
      counts.set(key, { engine, backend, workers: (counts.get(key)?.workers ?? 0) + (canary_due ? 0 : 1) });
    }
  }
  const workers = rows.flatMap(({ identity, canary_due }) => (canary_due ? [] : [identity]));
  return { abilities: [...counts.values()], workers, filmMakers: rows.length === 0 ? null : [...filmMakers], slots };
}

/** A burst of submissions looks once. */
const FRESH_MS = 500;

export class AbilityMemory {
  readonly #db: Kysely<Database>;
  readonly #clock: Clock;
  #known: { at: number; ability: Promise<FarmAbility> } | null = null;

  constructor(db: Kysely<Database>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  read(): Promise<FarmAbility> {
    const now = this.#clock.monotonicMs();
    if (this.#known && now - this.#known.at < FRESH_MS) return this.#known.ability;
    const ability = readAbilities(this.#db);
    this.#known = { at: now, ability };
    ability.catch(() => {
      this.#known = null;
    });
    return ability;
  }

  /** A worker came or went. */
  forget(): void {
    this.#known = null;
  }
}
