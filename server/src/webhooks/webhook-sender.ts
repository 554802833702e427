/**
 * Sends what waits. Only the leading server does, called by its tick; nothing waits for an answer but the one message that
 * it is for.
 */
import { KilnError, type WebhookAttempt } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { WEBHOOK_LIMITS } from '../limits.ts';
import type { Clock, RandomBytes } from '../services.ts';
import type { Database } from '../store/tables.ts';
import { type Claimed, claimDeliveries, recordAttempt, releaseDelivery } from './delivery-rows.ts';
import { findDestination, type LookUp, LookUpError, readWebhookUrl } from './destination.ts';
import { messageBody, messageHeaders } from './message.ts';
import { postMessage } from './post-message.ts';
import type { AddressGuard } from './special-addresses.ts';

export interface SenderParts {
  readonly db: Kysely<Database>;
  readonly guard: AddressGuard;
  readonly lookUp: LookUp;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
  /** Whether this server may send. */
  readonly leads: () => boolean;
}

export class WebhookSender {
  readonly #parts: SenderParts;
  readonly #stopping = new AbortController();
  /** What is being sent, by hook. */
  readonly #busy = new Map<string, number>();
  readonly #sends = new Set<Promise<void>>();
  #looking: Promise<void> | null = null;
  #again = false;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** There may be something to send. Returns at once. */
  wake(): void {
    this.#again = true;
    if (this.#looking || !this.#mayLook()) return;
    this.#looking = this.#look()
      .catch((error: unknown) =>
        this.#parts.log.warn({ err: error }, 'webhooks could not be read; the next tick tries'),
      )
      .finally(() => {
        this.#looking = null;
      });
  }

  /** Breaks off what is being sent: whoever leads next sends it again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#looking;
    await Promise.all(this.#sends);
  }

  #mayLook(): boolean {
    return !this.#stopping.signal.aborted && this.#parts.leads();
  }

  async #look(): Promise<void> {
    while (this.#again && this.#mayLook()) {
      this.#again = false;
      const count = WEBHOOK_LIMITS.atOnce - this.#sends.size;
      if (count <= 0) return;
      const now = this.#parts.clock.now();
      const claimed = await claimDeliveries(this.#parts.db, { now, count, busy: [...this.#busy.keys()] });
      for (const one of claimed) this.#begin(one);
    }
  }

  #begin(claimed: Claimed): void {
    const { webhook_id: hookId } = claimed.row;
    this.#busy.set(hookId, (this.#busy.get(hookId) ?? 0) + 1);
    const sending = this.#send(claimed)
      .catch((error: unknown) =>
        this.#parts.log.warn({ err: error, webhookId: hookId }, 'a message was not recorded; it is sent again'),
      )
      .finally(() => {
        this.#sends.delete(sending);
        const left = (this.#busy.get(hookId) ?? 1) - 1;
        if (left > 0) this.#busy.set(hookId, left);
        else this.#busy.delete(hookId);
        if (left === 0) this.wake();
      });
    this.#sends.add(sending);
  }

  async #send(claimed: Claimed): Promise<void> {
    const { db, clock, log, random } = this.#parts;
    const { row } = claimed;
    const outcome = await this.#attempt(claimed);
    if (outcome === null) return releaseDelivery(db, row, clock.now());
    const [byte = 0] = random(new Uint8Array(1));
    const disabled = await recordAttempt(db, row, outcome, clock.now(), byte / 256);
    if (disabled !== null) log.info({ webhookId: row.webhook_id, why: disabled }, 'a webhook was disabled');
  }

  /** Null when this server stopped meanwhile. */
  async #attempt({ row, url: text, secret }: Claimed): Promise<Omit<WebhookAttempt, 'number'> | null> {
    const { clock, guard, lookUp } = this.#parts;
    const at = clock.now();
    const startedMs = clock.monotonicMs();
    const timeUp = AbortSignal.timeout(WEBHOOK_LIMITS.answerMs);
    const signal = AbortSignal.any([timeUp, this.#stopping.signal]);
    const said = (status: number | null, error: string | null) => ({
      at: at.toISOString(),
      durationMs: Math.round(clock.monotonicMs() - startedMs),
      status,
      error: error === null ? null : error.slice(0, WEBHOOK_LIMITS.errorChars),
    });
    try {
      const url = readWebhookUrl(text);
      // Anew each time: a name may have other addresses now.
      const addresses = await before(signal, findDestination(url, guard, lookUp));
      const body = messageBody(row);
      const headers = messageHeaders(row.message_id, body, secret, at);
      const status = await postMessage({ url, addresses, headers, body, signal });
      const isTaken = status >= 200 && status < 300;
      return said(status, isTaken ? null : `expected an answer of 200 to 299, got ${status}`);
    } catch (error) {
      if (this.#stopping.signal.aborted) return null;
      if (timeUp.aborted) return said(null, `no answer came in ${WEBHOOK_LIMITS.answerMs / 1_000} s`);
      return said(null, whyOf(error));
    }
  }
}

/** What comes before the signal. @throws the signal's reason. */
function before<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}

function whyOf(error: unknown): string {
  if (error instanceof KilnError || error instanceof LookUpError) return error.message;
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  const message = error instanceof Error ? error.message : String(error);
  // Of several addresses that were tried there is only a code.
  return message === '' ? `the connection failed (${String(code)})` : message;
}
