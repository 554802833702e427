/**
 * The only network that a browser has: an HTTP proxy on a loopback port of its own. It answers requests for the random
 * host names of that browser's pages, hands on their WebSocket, and refuses everything else. It connects to nothing.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { WORKER_LIMITS } from '../limits.ts';
import type { Log } from '../log.ts';
import { SOCKET_ROUTE } from '../page/contract.ts';
import { PageSite } from './page-site.ts';

export class PageHost {
  readonly #folder: string;
  readonly #log: Log;
  readonly #sites = new Map<string, PageSite>();
  /** Host that a tunnelled connection was opened for. */
  readonly #tunnels = new WeakMap<Duplex, PageSite>();
  readonly #proxy: Server;
  readonly #tunnelled: Server;
  readonly #connections = new Set<Socket>();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: WORKER_LIMITS.pageMessageBytes,
  });
  #refused = 0;

  private constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
    this.#proxy = createServer((request, response) => this.#answer(request, response));
    this.#proxy.on('connect', (request, socket, head) => this.#tunnel(request, socket, head));
    this.#proxy.on('upgrade', (request, socket) => this.#refuseSocket(socket, request.url ?? ''));
    this.#proxy.on('connection', (socket) => {
      this.#connections.add(socket);
      socket.on('close', () => this.#connections.delete(socket));
      // Node takes its own listener away before `connect` and `upgrade`: a reset, unheard, would end this process.
      socket.on('error', (error) => this.#log.debug({ err: error }, 'a connection of the browser was cut'));
    });
    // What comes through a tunnel is HTTP again; this server never listens.
    this.#tunnelled = createServer((request, response) => this.#refuse(request, response));
    this.#tunnelled.on('upgrade', (request, socket, head) => this.#openSocket(request, socket, head));
    for (const server of [this.#proxy, this.#tunnelled]) {
      server.on('clientError', (_error, socket) => socket.destroy());
      server.keepAliveTimeout = 60_000;
    }
  }

  /** @param folder of the built page */
  static async open(folder: string, log: Log): Promise<PageHost> {
    const host = new PageHost(folder, log);
    await new Promise<void>((resolve, reject) => {
      host.#proxy.once('error', reject);
      host.#proxy.listen(0, '127.0.0.1', resolve);
    });
    return host;
  }

  /** Port on 127.0.0.1. */
  get port(): number {
    return (this.#proxy.address() as AddressInfo).port;
  }

  /** Requests for something else than a page of this browser. */
  get refused(): number {
    return this.#refused;
  }

  /** A host name for one page: 128 random bits, so it cannot be guessed by another page or process. */
  addSite(): PageSite {
    const site = new PageSite(`${randomBytes(16).toString('hex')}.localhost`, this.#folder, this.#log);
    this.#sites.set(site.host, site);
    return site;
  }

  removeSite(site: PageSite): void {
    this.#sites.delete(site.host);
  }

  async close(): Promise<void> {
    this.#sites.clear();
    for (const connection of this.#connections) connection.destroy();
    await new Promise((resolve) => this.#proxy.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const target = URL.canParse(request.url ?? '') ? new URL(request.url ?? '') : null;
    const site = target?.protocol === 'http:' && target.port === '' ? this.#sites.get(target.hostname) : undefined;
    if (!target || !site) {
      this.#refuse(request, response);
      return;
    }
    site.answer(target.pathname, request, response).catch((error: unknown) => {
      this.#log.debug({ err: error, path: target.pathname }, 'a file for the page was cut off');
      response.destroy();
    });
  }

  #refuse(request: IncomingMessage, response: ServerResponse): void {
    this.#note(request.url ?? '');
    response.writeHead(403, { 'content-length': 0, connection: 'close' });
    response.end();
  }

  #tunnel(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const site = request.url?.endsWith(':80') ? this.#sites.get(request.url.slice(0, -3)) : undefined;
    if (!site) {
      this.#refuseSocket(socket, request.url ?? '');
      return;
    }
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (head.length > 0) socket.unshift(head);
    this.#tunnels.set(socket, site);
    this.#tunnelled.emit('connection', socket);
  }

  #openSocket(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const site = this.#tunnels.get(socket);
    const isOwn = request.headers.host === site?.host && request.headers.origin === `http://${site?.host}`;
    if (!site || !isOwn || request.url !== SOCKET_ROUTE) {
      this.#refuseSocket(socket, request.url ?? '');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => site.client.attach(webSocket));
  }

  #refuseSocket(socket: Duplex, target: string): void {
    this.#note(target);
    socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  }

  #note(target: string): void {
    this.#refused++;
    // Chromium itself asks for its maker's hosts now and then: worth a line, not a warning.
    this.#log.debug({ target: target.slice(0, 200) }, 'refused a request of the browser');
  }
}
