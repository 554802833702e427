/** All live sessions of this worker: opened by offers, ended by the server's word, told to the heartbeat. */
import { type AutoBackends, KilnError, type SessionOffer } from '@kiln/shared';
import type { Clock } from '../clock.ts';
import type { FarmClient } from '../farm/farm-client.ts';
import type { Membership } from '../farm/membership.ts';
import { knownError } from '../known-error.ts';
import type { Log } from '../log.ts';
import type { BrowserPool } from '../pool/browser-pool.ts';
import type { SceneCache } from '../scene-cache/scene-cache.ts';
import { LiveSession } from './live-session.ts';
import { SceneStage } from './scene-stage.ts';
import { SessionLine } from './session-line.ts';

export interface SessionDeskParts {
  /** Of this worker. */
  readonly autoBackends: AutoBackends;
  readonly client: FarmClient;
  readonly membership: Membership;
  readonly cache: SceneCache;
  readonly pool: BrowserPool;
  readonly clock: Clock;
  readonly log: Log;
}

interface OpenSession {
  readonly offer: SessionOffer;
  /** Ends the session; a `KilnError` as reason is told to the server. */
  readonly over: AbortController;
  readonly done: Promise<void>;
}

export class SessionDesk {
  readonly #parts: SessionDeskParts;
  readonly #sessions = new Map<string, OpenSession>();

  constructor(parts: SessionDeskParts) {
    this.#parts = parts;
  }

  get ids(): string[] {
    return [...this.#sessions.keys()];
  }

  /** Sessions that show a tenant's scene. */
  countOn(tenantId: string, sceneHash: string): number {
    const offers = [...this.#sessions.values()].map(({ offer }) => offer);
    return offers.filter((offer) => offer.tenantId === tenantId && offer.scene.sceneHash === sceneHash).length;
  }

  /** Takes up an offer; one that is here already stays as it is. */
  open(offer: SessionOffer): void {
    const present = this.#sessions.get(offer.sessionId);
    if (present?.offer.token === offer.token && present.offer.url === offer.url) return;
    present?.over.abort();
    const over = new AbortController();
    const log = this.#parts.log.child({ sessionId: offer.sessionId, tenantId: offer.tenantId });
    const done = this.#serve(offer, over, log)
      .catch((error: unknown) => log.error({ err: error }, 'a live session failed'))
      .finally(() => {
        if (this.#sessions.get(offer.sessionId)?.over === over) this.#sessions.delete(offer.sessionId);
      });
    this.#sessions.set(offer.sessionId, { offer, over, done });
  }

  end(sessionId: string): void {
    this.#sessions.get(sessionId)?.over.abort();
  }

  /** Ends every session; the server then finds other workers for their viewers. */
  async endAll(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    for (const { over } of sessions) over.abort(new KilnError('server.draining', 'the worker is shutting down'));
    await Promise.all(sessions.map(({ done }) => done));
  }

  async #serve(offer: SessionOffer, over: AbortController, log: Log): Promise<void> {
    const { autoBackends, cache, client, clock, membership, pool } = this.#parts;
    const stage = new SceneStage({
      sessionId: offer.sessionId,
      autoBackends,
      tenantId: offer.tenantId,
      scene: offer.scene,
      pool,
      cache,
      fetchFile: (file, signal) => membership.persist(() => client.file(file, offer.token, signal), signal),
    });
    const line = new SessionLine({
      offer,
      secret: () => client.secret,
      hooks: { onStart: (start) => session.start(start), onMessage: (message) => session.receive(message) },
      clock,
      log,
    });
    const session = new LiveSession({
      ...{ stage, port: line, clock, log },
      sendSums: (file, signal) => client.sendViewSums(offer, file, signal),
    });
    over.signal.addEventListener('abort', () => session.end(), { once: true });
    log.info({ sceneHash: offer.scene.sceneHash }, 'a live session begins');
    const hungUp = line.run(over.signal).finally(() => session.end());
    try {
      await session.run();
    } catch (error) {
      const known = knownError(error);
      log.warn({ err: known }, 'a live session cannot go on');
      await Promise.race([line.started, hungUp]);
      line.message({ type: 'error', code: known.code, message: known.message, fatal: true });
      over.abort(known);
    } finally {
      stage.leave();
      over.abort();
    }
    await hungUp;
    log.info({ ...session.counts }, 'a live session ended');
  }
}
