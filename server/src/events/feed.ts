/**
 * Hands new events to whoever listens on this server, once each and in order. Its own server's events come straight
 * from the commit that wrote them; whatever the ids show to be missing is read from the log.
 */
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { EVENT_LIMITS } from '../dispatch/limits.ts';
import type { Database } from '../store/tables.ts';
import { type LoggedEvent, newestEventId, readEvents } from './event-log.ts';

export type FeedListener = (events: readonly LoggedEvent[]) => void;

export class Feed {
  readonly #db: Kysely<Database>;
  readonly #log: Logger;
  readonly #listeners = new Set<FeedListener>();
  #cursor = 0;
  #reading = false;
  #again = false;

  constructor(db: Kysely<Database>, log: Logger) {
    this.#db = db;
    this.#log = log;
  }

  /** From now on; call it before anything listens, who would be handed the whole log otherwise. */
  async start(): Promise<void> {
    this.#cursor = Math.max(this.#cursor, await newestEventId(this.#db));
  }

  /** Id of the newest event that was handed out. */
  get cursor(): number {
    return this.#cursor;
  }

  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Events that this process has just committed, in the order of their ids. */
  announce(events: readonly LoggedEvent[]): void {
    const first = events[0];
    if (first && !this.#reading && first.id === this.#cursor + 1 && isGapless(events)) this.#hand(events);
    else this.catchUp();
  }

  /** The log may have grown: reads what came after the newest event known here. */
  catchUp(): void {
    this.#again = true;
    if (!this.#reading) void this.#read();
  }

  async #read(): Promise<void> {
    this.#reading = true;
    try {
      while (this.#again) {
        this.#again = false;
        const page = await readEvents(this.#db, { after: this.#cursor, limit: EVENT_LIMITS.pageEvents });
        this.#hand(page);
        if (page.length === EVENT_LIMITS.pageEvents) this.#again = true;
      }
    } catch (error) {
      this.#log.warn({ err: error }, 'events could not be read; they are read with the next change');
    } finally {
      this.#reading = false;
    }
  }

  #hand(events: readonly LoggedEvent[]): void {
    const last = events.at(-1);
    if (!last) return;
    this.#cursor = last.id;
    for (const listener of this.#listeners) {
      try {
        listener(events);
      } catch (error) {
        this.#log.error({ err: error }, 'a listener to events failed');
      }
    }
  }
}

const isGapless = (events: readonly LoggedEvent[]) =>
  events.every((event, index) => index === 0 || event.id === (events[index - 1]?.id ?? 0) + 1);
