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
      // A peer that goes away during the handshake is no news.
      socket.on('error', () => socket.destroy());
      if (refuse(request, socket)) return;
      const path = new URL(request.url ?? '/', 'http://localhost').pathname;
      const route = this.#routes.get(path);
      if (route === undefined) {
        socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      route.server.handleUpgrade(request, socket, head, (opened) => {
        opened.on('error', () => opened.terminate());
        route.handler(opened, request);
      });
    });
  }

  /** Ends what is still open, after each area had its time to say goodbye. */
  terminateAll(): void {
    for (const { server } of this.#routes.values()) for (const socket of server.clients) socket.terminate();
  }
}
