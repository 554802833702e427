/** `/api/v1/events`: what changed, for one tenant, from now or from where the client was (PROTOCOL.md, rules EV). */
import {
  API_PREFIX,
  BYTE_ROUTES,
  EVENTS_ALIVE_MS,
  EVENTS_PROTOCOLS,
  type EventsAlive,
  EventsHello,
  type EventsProgress,
  type EventsWelcome,
  KilnError,
  LIMITS,
} from '@kiln/shared';
import type { WebSocket } from 'ws';
import { EVENT_LIMITS } from '../dispatch/limits.ts';
import { asKilnError } from '../http/errors.ts';
import { SERVER_LIMITS } from '../limits.ts';
import type { Services } from '../services.ts';
import { type LoggedEvent, oldestEventId, readEvents } from './event-log.ts';
import type { Feed } from './feed.ts';
import type { FrameProgressBoard } from './frame-progress.ts';
import { agreeOnVersion, closeWith, hello, keepPulse, NO_IDENTITY, resumeHeld, strangerError } from './socket-peer.ts';

export interface EventsParts {
  readonly services: Pick<Services, 'sockets' | 'identities' | 'identityFailures' | 'store' | 'log'>;
  readonly feed: Feed;
  readonly frameProgress: Pick<FrameProgressBoard, 'listen'>;
}

export interface EventsSockets {
  /** [WS6] The server stops: every client is told to come back. */
  drain(): void;
}

export function serveEvents({ services, feed, frameProgress }: EventsParts): EventsSockets {
  const open = new Set<WebSocket>();
  const clients = new Set<EventsClient>();
  frameProgress.listen((tenantId, progress) => {
    const message: EventsProgress = { type: 'progress', data: progress };
    const text = JSON.stringify(message);
    for (const client of clients) client.progress(tenantId, progress.jobId, text);
  });
  const socketsOf = new Map<string, number>();
  services.sockets.on(`${API_PREFIX}${BYTE_ROUTES.events.path}`, LIMITS.liveControlBytes, (socket, request) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    keepPulse(socket);
    const greeting = hello(socket, EventsHello, 'the hello of an events client');
    serve(socket, greeting, async () => {
      const identity = await services.identities.ofHeaders(request.headers);
      if (!identity) throw strangerError(services.identityFailures, request, NO_IDENTITY);
      return identity.tenantId;
    }).catch((error: unknown) => {
      const told = asKilnError(error);
      if (told.code === 'server.internal') services.log.error({ err: error }, 'an events socket failed');
      closeWith(socket, told);
    });
  });

  async function serve(
    socket: WebSocket,
    greeting: Promise<EventsHello>,
    tenantOf: () => Promise<string>,
  ): Promise<void> {
    const [tenantId, message] = await Promise.all([tenantOf(), greeting]);
    // To hear of its end; what it says is held until it is welcome.
    socket.resume();
    const protocol = agreeOnVersion(EVENTS_PROTOCOLS, message.protocols);
    await checkFilter(services, tenantId, message);
    // Nothing is begun for one that has left meanwhile: its `close` was before there was anything to clean up.
    if (socket.readyState !== socket.OPEN) return;
    admit(socket, tenantId);
    const client = new EventsClient(socket, services, feed, tenantId, message);
    clients.add(client);
    socket.once('close', () => clients.delete(client));
    await client.run(protocol);
  }

  function admit(socket: WebSocket, tenantId: string): void {
    const count = socketsOf.get(tenantId) ?? 0;
    const most = SERVER_LIMITS.eventSocketsPerTenant;
    if (count >= most) throw new KilnError('request.too_many', `a tenant has at most ${most} events sockets at once`);
    socketsOf.set(tenantId, count + 1);
    socket.once('close', () => {
      const left = (socketsOf.get(tenantId) ?? 1) - 1;
      if (left === 0) socketsOf.delete(tenantId);
      else socketsOf.set(tenantId, left);
    });
  }

  return {
    drain() {
      for (const socket of open) closeWith(socket, new KilnError('server.draining', 'the server stops'));
    },
  };
}

/** [WS9] What a filter names must be the tenant's. */
async function checkFilter(services: EventsParts['services'], tenantId: string, filter: EventsHello): Promise<void> {
  const { db } = services.store;
  const exists = async (table: 'jobs' | 'scenes', id: string | undefined) =>
    id === undefined ||
    (await db
      .selectFrom(table)
      .select('id')
      .where('id', '=', id)
      .where('tenant_id', '=', tenantId)
      .executeTakeFirst()) !== undefined;
  if ((await exists('jobs', filter.jobId)) && (await exists('scenes', filter.sceneId))) return;
  throw new KilnError('resource.not_found', 'there is no such job or scene');
}

class EventsClient {
  readonly #socket: WebSocket;
  readonly #services: EventsParts['services'];
  readonly #feed: Feed;
  readonly #tenantId: string;
  readonly #hello: EventsHello;
  /** Id of the newest event that was looked at for this client. */
  #sent = 0;
  #sentAtMs = performance.now();
  /** Events that came while older ones are still being read; null once those are sent. */
  #waiting: LoggedEvent[] | null = [];

  constructor(socket: WebSocket, services: EventsParts['services'], feed: Feed, tenantId: string, hello: EventsHello) {
    this.#socket = socket;
    this.#services = services;
    this.#feed = feed;
    this.#tenantId = tenantId;
    this.#hello = hello;
  }

  /** [EV9] For whoever has read what came before, and is not after a scene. */
  progress(tenantId: string, jobId: string, text: string): void {
    if (this.#waiting || this.#socket.bufferedAmount > EVENT_LIMITS.replayBytes) return;
    if (this.#concerns({ tenantId, jobId, sceneId: null })) this.#send(text);
  }

  async run(protocol: number): Promise<void> {
    const cursor = this.#feed.cursor;
    const stop = this.#feed.listen((events) => this.#take(events));
    const timer = setInterval(() => this.#alive(), EVENTS_ALIVE_MS / 2);
    this.#socket.once('close', () => {
      stop();
      clearInterval(timer);
    });
    const { after } = this.#hello;
    const missed = after !== undefined && (await this.#isMissed(after, cursor));
    this.#sent = after === undefined || after > cursor ? cursor : after;
    const welcome: EventsWelcome = { type: 'welcome', protocol, cursor, ...(missed ? { missed } : {}) };
    this.#send(JSON.stringify(welcome));
    this.#socket.on('message', () =>
      closeWith(this.#socket, new KilnError('protocol.violation', '[EV1] a client says nothing after its hello')),
    );
    resumeHeld(this.#socket);
    await this.#replay(cursor);
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    this.#pass(waiting);
  }

  /** [EV5] */
  async #isMissed(after: number, cursor: number): Promise<boolean> {
    if (after > cursor) return true;
    if (after === 0 || after === cursor) return false;
    const oldest = await oldestEventId(this.#services.store.db);
    return oldest === null || oldest > after + 1;
  }

  async #replay(upTo: number): Promise<void> {
    while (this.#sent < upTo && this.#isOpen()) {
      const range = { after: this.#sent, upTo, tenantId: this.#tenantId, limit: EVENT_LIMITS.pageEvents };
      const page = await readEvents(this.#services.store.db, range);
      for (const event of page) {
        this.#pass([event]);
        await this.#drained();
      }
      if (page.length < EVENT_LIMITS.pageEvents) this.#sent = upTo;
    }
  }

  /** Reading the log waits for the client. */
  async #drained(): Promise<void> {
    while (this.#isOpen() && this.#socket.bufferedAmount > EVENT_LIMITS.replayBytes) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #take(events: readonly LoggedEvent[]): void {
    if (!this.#waiting) {
      this.#pass(events);
      return;
    }
    this.#waiting.push(...events.filter((event) => this.#concerns(event)));
    if (this.#waiting.length > EVENT_LIMITS.waitingEvents) this.#closeAsSlow();
  }

  #pass(events: readonly LoggedEvent[]): void {
    for (const event of events) {
      if (event.id <= this.#sent) continue;
      this.#sent = event.id;
      if (this.#concerns(event)) this.#send(event.text);
    }
  }

  /** [EV2, EV3] */
  #concerns(event: Pick<LoggedEvent, 'tenantId' | 'jobId' | 'sceneId'>): boolean {
    if (event.tenantId !== null && event.tenantId !== this.#tenantId) return false;
    const { jobId, sceneId } = this.#hello;
    if (jobId === undefined && sceneId === undefined) return true;
    return (jobId !== undefined && event.jobId === jobId) || (sceneId !== undefined && event.sceneId === sceneId);
  }

  #send(text: string): void {
    if (!this.#isOpen()) return;
    this.#socket.send(text);
    this.#sentAtMs = performance.now();
    if (this.#socket.bufferedAmount > EVENT_LIMITS.waitingBytes) this.#closeAsSlow();
  }

  /** [EV8] */
  #alive(): void {
    if (this.#waiting || performance.now() - this.#sentAtMs < EVENTS_ALIVE_MS / 2) return;
    const alive: EventsAlive = { type: 'alive', cursor: Math.max(this.#sent, this.#feed.cursor) };
    this.#send(JSON.stringify(alive));
  }

  /** [EV7] What waits for it is let go at once. */
  #closeAsSlow(): void {
    this.#waiting = null;
    closeWith(this.#socket, new KilnError('live.slow_consumer', '[EV7] the client reads too slowly'));
    setTimeout(() => this.#socket.terminate(), SLOW_CLOSE_MS).unref();
  }

  #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }
}

/** The close frame stands behind what the client has not read; after this its memory is worth more. */
const SLOW_CLOSE_MS = 5_000;
