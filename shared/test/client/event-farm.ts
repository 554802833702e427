/** The server's side of the event stream, played by a test over real sockets. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { type EventsConnection, type EventsOptions, type EventsState, openEvents } from '../../src/client/events.ts';
import { EventsHello, type FarmEvent } from '../../src/schemas/event.ts';
import { parseJson } from '../../src/validate.ts';
import { ManualTimers } from './manual-timers.ts';

export interface Visit {
  readonly request: IncomingMessage;
  readonly socket: WebSocket;
  readonly hello: EventsHello;
  send(message: object): void;
}

export class EventFarm {
  readonly #server = createServer();
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #visits: Visit[] = [];
  readonly #clients: EventsConnection[] = [];
  #wake = () => {};
  /** Answers the next upgrades with this HTTP status instead. */
  refuseWith: number | null = null;
  url = '';

  constructor() {
    this.#server.on('upgrade', (request, stream, head) => {
      if (this.refuseWith !== null) {
        stream.end(`HTTP/1.1 ${this.refuseWith} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      this.#sockets.handleUpgrade(request, stream, head, (socket) => {
        socket.once('message', (data) => {
          const hello = parseJson(EventsHello, data.toString(), 'the hello');
          this.#visits.push({ request, socket, hello, send: (message) => socket.send(JSON.stringify(message)) });
          this.#wake();
        });
      });
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next client that has said hello. */
  async visit(): Promise<Visit> {
    await until(
      () => this.#visits.length > 0,
      (wake) => (this.#wake = wake),
    );
    const visit = this.#visits.shift();
    if (!visit) throw new Error('nobody came');
    return visit;
  }

  /** A client of this farm whose time stands still. */
  open(change: Partial<EventsOptions> = {}): TestClient {
    const client = new TestClient(this.url, change);
    this.#clients.push(client.connection);
    return client;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

export class TestClient {
  readonly events: FarmEvent[] = [];
  readonly states: EventsState[] = [];
  readonly timers = new ManualTimers();
  readonly connection: EventsConnection;
  #wake = () => {};

  constructor(url: string, change: Partial<EventsOptions>) {
    this.connection = openEvents({
      url,
      WebSocket,
      setTimer: this.timers.set,
      random: () => 1,
      onEvent: (event) => {
        this.events.push(event);
        this.#wake();
      },
      onState: (state) => {
        this.states.push(state);
        this.#wake();
      },
      ...change,
    });
  }

  get state(): EventsState | undefined {
    return this.states.at(-1);
  }

  /** Waits until the state has this name; gives it. */
  async reached<S extends EventsState['state']>(name: S): Promise<Extract<EventsState, { state: S }>> {
    const has = (state: EventsState | undefined): state is Extract<EventsState, { state: S }> => state?.state === name;
    await until(
      () => has(this.state),
      (wake) => (this.#wake = wake),
    );
    const { state } = this;
    if (!has(state)) throw new Error(`the state is ${state?.state}`);
    return state;
  }

  async received(count: number): Promise<void> {
    await until(
      () => this.events.length >= count,
      (wake) => (this.#wake = wake),
    );
  }
}

function until(condition: () => boolean, onChange: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (condition()) resolve();
    };
    onChange(check);
    check();
  });
}
