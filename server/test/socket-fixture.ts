/** A WebSocket of a test: what came is kept in order, and waited for. */
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';

export interface Message {
  readonly type: string;
  readonly id?: unknown;
  readonly cursor?: unknown;
  readonly data?: unknown;
  readonly sessionId?: unknown;
  readonly resumeToken?: unknown;
  readonly input?: unknown;
  readonly state?: unknown;
  readonly message?: unknown;
  readonly access?: unknown;
  readonly maxSamples?: unknown;
  readonly picture?: unknown;
  readonly driver?: unknown;
  readonly viewers?: unknown;
  readonly request?: unknown;
  readonly error?: unknown;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

export class TestSocket {
  readonly socket: WebSocket;
  /** All control messages that came. */
  readonly messages: Message[] = [];
  /** All binary messages that came. */
  readonly pictures: Buffer[] = [];
  readonly closed: Promise<Closed>;
  readonly #line: Socket;
  #read = 0;
  #wake = () => {};

  /** @param origin of the page that opens it; null: no page does. */
  constructor(url: string, key: string | null, origin: string | null = null) {
    const { hostname, port } = new URL(url);
    this.#line = connect({ host: hostname, port: Number(port) });
    this.socket = new WebSocket(url, {
      createConnection: () => this.#line,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(origin === null ? {} : { origin }),
      },
    });
    this.socket.on('error', () => {});
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.pictures.push(data);
      else this.messages.push(JSON.parse(data.toString('utf8')));
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        resolve({ code, reason: reason.toString('utf8') });
        this.#wake();
      });
    });
  }

  /** Sends text as it is, anything else as JSON, once the socket is open. */
  async say(message: unknown): Promise<this> {
    if (this.socket.readyState === WebSocket.CONNECTING) {
      await new Promise<void>((resolve) => this.socket.once('open', () => resolve()));
    }
    this.socket.send(typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message));
    return this;
  }

  /** Sends these messages in one packet. */
  async sayAtOnce(...messages: readonly unknown[]): Promise<this> {
    if (this.socket.readyState === WebSocket.CONNECTING) {
      await new Promise<void>((resolve) => this.socket.once('open', () => resolve()));
    }
    this.#line.cork();
    for (const message of messages) await this.say(message);
    this.#line.uncork();
    return this;
  }

  /** The next control message that `isIt` takes; those before it are passed over. @throws when the socket closes before. */
  async next(isIt: string | ((message: Message) => boolean)): Promise<Message> {
    const matches = typeof isIt === 'string' ? ({ type }: Message) => type === isIt : isIt;
    for (;;) {
      while (this.#read < this.messages.length) {
        const message = this.messages[this.#read++];
        if (message !== undefined && matches(message)) return message;
      }
      await this.#more(String(isIt));
    }
  }

  /** Waits until `isEnough` likes the pictures that came. */
  async drawn(isEnough: (pictures: readonly Buffer[]) => boolean): Promise<readonly Buffer[]> {
    while (!isEnough(this.pictures)) await this.#more('pictures');
    return this.pictures;
  }

  /** Ends without a goodbye. */
  cut(): void {
    this.socket.terminate();
  }

  async #more(what: string): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) {
      throw new Error(
        `the socket closed before ${what} came; the last before: ${JSON.stringify(this.messages.at(-1)).slice(0, 500)}`,
      );
    }
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}
