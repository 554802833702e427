/**
 * A farm without a server, a worker or a store, for tests of what the browser shows: it speaks the real API and the real
 * sockets as far as the web app uses them, serves the built app under the server's content policy, and has switches for
 * bad luck. The web app with the real farm is tested in infra/.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import {
  ERRORS,
  type ErrorCode,
  type Job,
  JobRequest,
  jobOfView,
  KilnError,
  matches,
  parseFrameRange,
  RetryRequest,
  SceneManifest,
  type ServerMessage,
  type TokenAccess,
  ViewJobRequest,
} from '@kiln/shared';
import { type WebSocket, WebSocketServer } from 'ws';
import { type FakeLiveLog, serveLive } from './fake-live.ts';
import { createFakeState, type FakeState } from './fake-state.ts';
import { createFakeUploads, type FakeUploads } from './fake-uploads.ts';

const API = '/api/v1';
const COOKIE = 'kiln_session=good';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

export interface FakeFarm {
  readonly url: string;
  readonly state: FakeState;
  readonly uploads: FakeUploads;
  readonly live: FakeLiveLog;
  /** Codes that have not been used yet. */
  readonly codes: Set<string>;
  /** While true, sockets are refused and JSON routes answer 503. */
  down: boolean;
  /** How long a scene takes to be live. */
  liveLoadMs: number;
  /** While true, no live picture is drawn. */
  liveStalls: boolean;
  /** Somebody else looks at each live session. */
  liveIsShared: boolean;
  /** Of whoever comes to a live session. */
  liveAccess: TokenAccess;
  liveRefusal: { readonly code: ErrorCode; readonly message: string } | null;
  /** Answers whatever is asked about the picture. */
  pickError: { readonly code: ErrorCode; readonly message: string } | null;
  /** Cuts every socket without a goodbye. */
  dropSockets(): void;
  /** Goes to every viewer. */
  sayLive(message: ServerMessage): void;
  /** Cuts the live sockets only. */
  dropLive(): void;
  close(): Promise<void>;
}

/** @param appFolder of the built web app. */
export async function startFakeFarm(appFolder: string): Promise<FakeFarm> {
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => sendError(response, error));
  });
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const eventSockets = new Set<WebSocket>();
  const liveSockets = new Set<WebSocket>();
  const log: { readonly id: number; readonly text: string }[] = [];
  const state = createFakeState((event) => {
    const id = log.length + 1;
    const text = JSON.stringify({ id, at: new Date().toISOString(), ...event });
    log.push({ id, text });
    for (const socket of eventSockets) socket.send(text);
  });
  const live: FakeLiveLog = { messages: [], pictures: [] };
  const uploads = createFakeUploads(`${API}/uploads`, (sha256) => state.arrived(sha256));
  const farm: FakeFarm = {
    url: '',
    state,
    uploads,
    live,
    codes: new Set(['good-code']),
    down: false,
    liveLoadMs: 300,
    liveStalls: false,
    liveIsShared: false,
    liveAccess: 'drive',
    liveRefusal: null,
    pickError: null,
    dropSockets() {
      for (const socket of [...eventSockets, ...liveSockets]) socket.terminate();
    },
    sayLive(message) {
      for (const socket of liveSockets) socket.send(JSON.stringify(message));
    },
    dropLive() {
      for (const socket of liveSockets) socket.terminate();
    },
    async close() {
      farm.dropSockets();
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  server.on('upgrade', (request, socket, head) => {
    if (farm.down) {
      socket.destroy();
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      if (!isSignedIn(request)) client.close(4401, 'identity.missing');
      else if (request.url === `${API}/events`) serveEvents(client);
      else {
        liveSockets.add(client);
        client.on('close', () => liveSockets.delete(client));
        serveLive(client, live, {
          loadMs: farm.liveLoadMs,
          stalls: () => farm.liveStalls,
          isShared: () => farm.liveIsShared,
          access: () => farm.liveAccess,
          pickError: () => farm.pickError,
          refuse: () => farm.liveRefusal && { ...farm.liveRefusal, close: ERRORS[farm.liveRefusal.code].close },
        });
      }
    });
  });

  function serveEvents(client: WebSocket): void {
    client.once('message', (data) => {
      const hello: { after?: number } = JSON.parse(String(data));
      client.send(JSON.stringify({ type: 'welcome', protocol: 1, cursor: log.length }));
      for (const { id, text } of log) if (hello.after !== undefined && id > hello.after) client.send(text);
      eventSockets.add(client);
      client.on('close', () => eventSockets.delete(client));
    });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://farm');
    if (!url.pathname.startsWith(API)) return sendApp(appFolder, url.pathname, request, response);
    if (farm.down) throw new KilnError('storage.unavailable', 'the farm is down');
    const path = url.pathname.slice(API.length);
    const method = request.method ?? 'GET';
    if (path === '/sign-in') return signIn(await bodyOf(request), response);
    if (!isSignedIn(request)) throw new KilnError('identity.missing', 'no valid identity came with the request');
    const [, collection = '', id = '', ...rest] = path.split('/');
    if (collection === 'uploads') return uploads.handle(request, response, id || null);
    const page = (items: Iterable<{ readonly createdAt?: string }>) =>
      sendJson(response, { items: [...items].reverse(), next: null });
    switch (`${method} ${collection}${id ? '/:id' : ''}${rest.length > 0 ? `/${rest[0]}` : ''}`) {
      case 'GET me':
        return sendJson(response, ME);
      case 'POST sign-out':
        response.setHeader('set-cookie', 'kiln_session=; Max-Age=0; Path=/');
        return sendJson(response, {});
      case 'GET scenes':
        return page(
          [...state.scenes.values()].filter(({ kind }) => kind === (url.searchParams.get('kind') ?? 'scene')),
        );
      case 'POST scenes':
        return createScene(await bodyOf(request), response);
      case 'GET scenes/:id':
        return sendJson(response, existing(state.scenes.get(id)));
      case 'DELETE scenes/:id':
        existing(state.scenes.get(id));
        state.scenes.delete(id);
        return sendJson(response, {});
      case 'GET scenes/:id/thumbnail':
        return sendBytes(response, state.thumbnail, 'image/png');
      case 'GET jobs':
        return page(
          [...state.jobs.values()].filter(
            ({ archivedAt }) => (archivedAt !== null) === (url.searchParams.get('archived') === 'true'),
          ),
        );
      case 'POST jobs':
        return createJob(await bodyOf(request), response);
      case 'POST sessions/:id/jobs':
        return renderView(await bodyOf(request), response);
      case 'GET jobs/:id':
        return sendJson(response, existing(state.jobs.get(id)));
      case 'PATCH jobs/:id':
        return sendJson(response, state.edit(existing(state.jobs.get(id)), await bodyOf(request)));
      case 'POST jobs/:id/cancel':
        return sendJson(response, state.become(existing(state.jobs.get(id)), 'cancelled'));
      case 'POST jobs/:id/pause':
        return sendJson(response, state.become(existing(state.jobs.get(id)), 'paused'));
      case 'POST estimates':
        return sendJson(response, state.estimate(await bodyOf(request)), 201);
      case 'GET estimates/:id':
        return sendJson(response, state.estimated(id));
      case 'POST jobs/:id/retry':
        return retry(existing(state.jobs.get(id)), await bodyOf(request), response);
      case 'POST jobs/:id/approve':
      case 'POST jobs/:id/resume':
        return sendJson(response, state.become(existing(state.jobs.get(id)), 'running'));
      case 'POST jobs/:id/archive':
      case 'POST jobs/:id/unarchive':
        return sendJson(response, state.archive(existing(state.jobs.get(id)), path.endsWith('/archive')));
      case 'DELETE jobs/:id':
        return sendJson(response, state.purge(existing(state.jobs.get(id))));
      case 'GET jobs/:id/tasks':
        return sendJson(response, { items: [], next: null });
      case 'GET jobs/:id/archive.zip':
        return sendBytes(response, Buffer.from('PK\x05\x06'.padEnd(22, '\0'), 'latin1'), 'application/zip');
      case 'GET jobs/:id/frames': {
        const frames = existing(state.frames.get(id));
        if (rest.length === 1) return sendJson(response, { items: frames.map(({ frame }) => frame), next: null });
        return sendBytes(response, existing(frames.find(({ frame }) => frame.fileName === rest[2])).bytes, 'image/png');
      }
      case 'GET jobs/:id/previews': {
        const frames = existing(state.frames.get(id));
        const { bytes } = existing(frames.find(({ frame }) => String(frame.frameNumber) === rest[2]));
        return sendBytes(response, bytes, 'image/png');
      }
      case 'GET workers':
        return sendJson(response, { items: state.workers });
      default:
        throw new KilnError('resource.not_found', `there is nothing at ${method} ${path}`);
    }
  }

  function signIn(body: unknown, response: ServerResponse): void {
    const { code, apiKey }: { code?: string; apiKey?: string } = Object(body);
    if (code !== undefined && !farm.codes.delete(code)) {
      throw new KilnError('identity.code_spent', 'the code was used already, has expired or never existed');
    }
    if (apiKey !== undefined && apiKey !== 'good-key')
      throw new KilnError('identity.missing', 'this is not a valid API key');
    response.setHeader('set-cookie', `${COOKIE}; HttpOnly; SameSite=Strict; Path=/`);
    sendJson(response, ME);
  }

  function createScene(body: unknown, response: ServerResponse): void {
    if (!matches(SceneManifest, body)) throw new KilnError('request.invalid', 'expected a manifest');
    state.manifests.push(body);
    const hashes = new Set(body.files.map(({ sha256 }) => sha256));
    const scene = state.addScene(
      body.name,
      body.files,
      [...hashes].filter((hash) => !state.hashes.has(hash)),
    );
    sendJson(response, scene, 201);
  }

  function retry(job: Job, body: unknown, response: ServerResponse): void {
    if (!matches(RetryRequest, body)) throw new KilnError('request.invalid', 'expected what to try again');
    const last = state.frames.get(job.id)?.at(-1)?.frame;
    if (body.done && body.frames !== String(last?.frameNumber)) {
      throw new KilnError('request.invalid', 'the fake draws only its last frame anew');
    }
    sendJson(response, body.done ? state.redraw(job) : state.become(job, 'running'));
  }

  function createJob(body: unknown, response: ServerResponse): void {
    if (!matches(JobRequest, body)) throw new KilnError('request.invalid', 'expected a job');
    for (const { frames } of body.layers) parseFrameRange(frames);
    sendJson(response, state.submit(body), 201);
  }

  /** Of what is shown to whoever looks, half of whose samples are there. */
  function renderView(body: unknown, response: ServerResponse): void {
    if (!matches(ViewJobRequest, body)) throw new KilnError('request.invalid', 'expected what the view does not say');
    const { messages } = farm.live;
    const hello = messages.findLast((message) => message.type === 'hello');
    const pose = messages.findLast((message) => message.type === 'pose')?.pose ?? null;
    const view = messages.findLast((message) => message.type === 'view')?.view ?? hello?.view;
    if (!hello || !view) throw new KilnError('resource.not_found', 'nobody looks');
    const reusedSamples = Math.ceil(view.samples / 2);
    const job = { ...state.submit(jobOfView({ sceneId: hello.sceneId, view, pose }, body)), reusedSamples };
    state.jobs.set(job.id, job);
    sendJson(response, { job, reusedSamples, notReused: null }, 201);
  }

  Object.assign(farm, { url: await listen(server) });
  return farm;
}

const ME = { tenant: { id: 'ten_00000000000000000000', name: 'Studio' }, role: 'operator' };

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // Listening on TCP: the address is one.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const isSignedIn = (request: IncomingMessage) => request.headers.cookie?.includes(COOKIE) ?? false;

function existing<T>(value: T | undefined): T {
  if (value === undefined) throw new KilnError('resource.not_found', 'there is nothing here');
  return value;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString('utf8'));
}

function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function sendBytes(response: ServerResponse, bytes: Buffer, type: string): void {
  response.writeHead(200, { 'content-type': type, 'content-length': bytes.length }).end(bytes);
}

function sendError(response: ServerResponse, error: unknown): void {
  const kiln = error instanceof KilnError ? error : new KilnError('server.internal', String(error));
  const { code, message, retryable, status } = kiln;
  sendJson(response, { error: { code, message, retryable, requestId: 'fake' } }, status);
}

async function sendApp(
  folder: string,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const file = join(folder, path);
  const found = path !== '/' && extname(path) !== '' && existsSync(file);
  const name = found ? file : join(folder, 'index.html');
  const host = request.headers.host ?? '';
  response.setHeader(
    'content-security-policy',
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self'; font-src 'self'; " +
      `img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self' blob: ws://${host} wss://${host}; ` +
      "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  );
  sendBytes(response, await readFile(name), TYPES[extname(name)] ?? 'application/octet-stream');
}
