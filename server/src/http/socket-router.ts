/** The one place where a WebSocket upgrade finds its handler. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';

/**
 * Takes an open socket; Host and Origin were checked, identity was not. It must add its `message` listener before it
 * first awaits: what arrives earlier is lost. Closing is its own business; on drain it hears of it from its own area.
 */
export type SocketHandler = (socket: WebSocket, request: IncomingMessage) => void;

export interface SocketRouter {
  /** @param path whole, such as `/api/v1/events`. @param maxPayloadBytes of one message; larger ones close with 1009. */
  on(path: string, maxPayloadBytes: number, handler: SocketHandler): void;
  /** Open sockets of all paths. */
  count(): number;
}

/** Answers an upgrade that is refused before it happens. */
export type RefuseUpgrade = (request: IncomingMessage, socket: Duplex) => boolean;

export class UpgradeRouter implements SocketRouter {
  readonly #routes = new Map<string, { server: WebSocketServer; handler: SocketHandler }>();
  /** Connections that asked for an upgrade: the HTTP server closes them no more. */
  readonly #upgraded = new Set<Duplex>();

  on(path: string, maxPayloadBytes: number, handler: SocketHandler): void {
    if (this.#routes.has(path)) throw new Error(`${path} has a handler already`);
    const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: maxPayloadBytes });
    this.#routes.set(path, { server, handler });
  }

  count(): number {
    return [...this.#routes.values()].reduce((sum, { server }) => sum + server.clients.size, 0);
  }

  /** @param refuse returns true when it has answered the request itself. */
  attach(server: Server, refuse: RefuseUpgrade): void {
    server.on('upgrade', (request, socket, head) => {
      // First of all: a peer that goes away during the handshake is no news, and without a listener ends the process.
      socket.on('error', () => socket.destroy());
      this.#upgraded.add(socket);
      socket.once('close', () => this.#upgraded.delete(socket));
      try {
        if (!refuse(request, socket)) this.#open(request, socket, head);
      } catch {
        socket.destroy();
      }
    });
  }

  #open(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const route = this.#routes.get(upgradePath(request));
    if (route === undefined) {
      answerAndClose(socket, 'HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    route.server.handleUpgrade(request, socket, head, (opened) => {
      opened.on('error', () => opened.terminate());
      route.handler(opened, request);
    });
  }

  /** Ends what is still open, after each area had its time to say goodbye. */
  terminateAll(): void {
    for (const socket of this.#upgraded) socket.destroy();
  }
}

/** Ends both directions: a client that does not close its own would keep the server from stopping. */
export function answerAndClose(socket: Duplex, answer: string): void {
  socket.resume();
  socket.end(answer, () => socket.destroy());
}

/** Not by `new URL`, which throws for targets that a client may well send, such as `//`. */
export const upgradePath = ({ url = '/' }: Pick<IncomingMessage, 'url'>): string => url.split('?', 1)[0] ?? '/';
