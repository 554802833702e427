/** Transactions that tell what they changed: their events are written with them and announced after the commit. */
import type { Kysely, Transaction } from 'kysely';
import { sqlState } from '../store/sql-state.ts';
import type { Database } from '../store/tables.ts';
import { type EventDraft, type LoggedEvent, writeEvents } from './event-log.ts';

export type Tell = (draft: EventDraft) => void;

/**
 * Runs `work` in a transaction; what it tells is written as events in the same one. `work` may run again when the
 * database broke a deadlock, so it must not change anything but the database.
 */
export type Change = <T>(work: (trx: Transaction<Database>, tell: Tell) => Promise<T>) => Promise<T>;

export interface ChangeParts {
  readonly db: Kysely<Database>;
  /** Called after the commit. */
  readonly announce: (events: readonly LoggedEvent[]) => void;
  readonly now: () => Date;
}

/** Tries at one transaction that the database ends to break a deadlock or for a failed serialization. */
const TRIES = 4;
/** PostgreSQL's `deadlock_detected` and `serialization_failure`. */
const TRY_AGAIN = new Set(['40P01', '40001']);

export function createChange({ db, announce, now }: ChangeParts): Change {
  return async (work) => {
    const { result, events } = await untangled(() =>
      db.transaction().execute(async (trx) => {
        const drafts: EventDraft[] = [];
        const done = await work(trx, (draft) => drafts.push(draft));
        return { result: done, events: await writeEvents(trx, drafts, now()) };
      }),
    );
    if (events.length > 0) announce(events);
    return result;
  };
}

/** Runs one transaction, or one statement, again when the database ended it to break a deadlock. */
export async function untangled<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt >= TRIES || !TRY_AGAIN.has(sqlState(error) ?? '')) throw error;
    }
  }
}
