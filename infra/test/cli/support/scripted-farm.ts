/** A farm of one ready scene and one job whose answers a test decides: for failures that a real one gives rarely. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Frame, Health, ImportReport, Job, Scene } from '@kiln/shared';
import { type WebSocket, WebSocketServer } from 'ws';
import { connect, type FarmClient } from '../../../src/cli/connection.ts';

const NOW = '2026-01-01T00:00:00.000Z';
const HASH = '0'.repeat(64);
const id = (prefix: string) => `${prefix}_${'0'.repeat(20)}`;

export const SCENE: Scene = {
  id: id('scn'),
  kind: 'scene',
  name: 'Box',
  state: 'ready',
  sceneHash: HASH,
  entry: 'box.glb',
  sizeBytes: 1,
  files: [{ path: 'box.glb', sha256: HASH, sizeBytes: 1 }],
  missing: [],
  report: null,
  refusal: null,
  thumbnailUrl: null,
  createdAt: NOW,
};

/** Of a scene with nothing in it. */
export const REPORT: ImportReport = {
  generator: null,
  bounds: { min: [0, 0, 0], max: [1, 1, 1] },
  triangles: 1,
  nodes: 1,
  meshes: 1,
  materials: 0,
  lights: 0,
  skins: 0,
  morphTargets: 0,
  textures: [],
  gpuBytes: 1,
  cameras: [],
  clips: [],
  variants: [],
  extensionsUsed: [],
  usesStudioLight: true,
  findings: [],
  findingCounts: { error: 0, warning: 0, information: 0, hint: 0 },
  importMs: 1,
};

export const jobIn = (state: Job['state']): Job => ({
  id: id('job'),
  name: 'Box',
  sceneId: SCENE.id,
  state,
  priority: 50,
  classPolicy: 'strict',
  adapterClass: null,
  layers: [],
  frameCount: 1,
  framesDone: 0,
  framesFailed: 0,
  framesRedrawn: 0,
  reusedSamples: 0,
  filmCount: 0,
  filmsDone: 0,
  filmsFailed: 0,
  after: [],
  maxAttempts: 3,
  maxFailedTasks: null,
  user: null,
  tags: [],
  limits: [],
  maxSlots: null,
  maxPerHost: null,
  stoppedByFailures: false,
  error: null,
  createdAt: NOW,
  startedAt: NOW,
  endedAt: null,
  archivedAt: null,
});

export const FRAME: Frame = {
  jobId: id('job'),
  layerId: id('lay'),
  layer: 'main',
  frameNumber: 0,
  fileName: '0000.png',
  sha256: HASH,
  sizeBytes: 1,
  mediaType: 'image/png',
  url: '/api/v1/jobs/x/frames/main/0000.png',
  attemptId: id('att'),
  stages: { draw: { startedAtMs: 0, durationMs: 0 }, encode: { startedAtMs: 0, durationMs: 0 } },
  statistics: null,
  flags: [],
  files: [{ pass: null, path: '0000.png', sha256: HASH, sizeBytes: 1, url: '/api/v1/jobs/x/frames/main/0000.png' }],
  preview: null,
  finishedAt: NOW,
};

export const HEALTH: Health = {
  status: 'ok',
  version: '0.0.0',
  parts: { store: 'ok', queue: 'ok', objects: 'ok' },
  workersReady: 1,
  sandboxed: true,
  workersConfined: true,
};

/** The connection is cut after so many bytes, when the test says so. */
interface Break {
  readonly afterBytes: number;
  readonly when: Promise<void>;
}

/** What a request is answered with: a body, bytes of a file, or the code of an error. */
type Answer =
  | { readonly body: unknown }
  | { readonly bytes: Buffer; readonly breaks?: Break }
  | { readonly status: number; readonly code: string; readonly message?: string; readonly field?: string };

export interface ScriptedFarm {
  readonly client: FarmClient;
  /** `METHOD /path`, without the API's prefix and the query. */
  readonly requests: readonly string[];
  /** Of the last request of such a name. */
  headersOf(request: string): IncomingHttpHeaders | undefined;
  /** Tells all who listen. */
  tell(event: object): void;
  /** Of the last request of such a name that had one. */
  bodyOf(request: string): unknown;
  openStreams(): number;
  close(): Promise<void>;
}

/** @param answer what `METHOD /path`, or `EVENTS` for the stream, gets; undefined: what a farm without frames, whose job has succeeded, says. */
export async function startScriptedFarm(answer: (request: string) => Answer | undefined): Promise<ScriptedFarm> {
  const requests: string[] = [];
  const bodies = new Map<string, string>();
  const headers = new Map<string, IncomingHttpHeaders>();
  const server = createServer(async (request, response) => {
    const name = nameOf(request);
    requests.push(name);
    headers.set(name, request.headers);
    const body = await text(request);
    if (body !== '') bodies.set(name, body);
    const given = answer(name) ?? { body: usualAnswer(name) };
    if ('bytes' in given) return sendBytes(request, response, given);
    const failed = 'code' in given;
    const { code = '', message = 'no', field = undefined } = failed ? given : {};
    const error = { code, message, field, retryable: false, requestId: 'r' };
    response.writeHead(failed ? given.status : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(failed ? { error } : given.body));
  });
  const streams = new WebSocketServer({ server });
  streams.on('connection', (socket: WebSocket) =>
    socket.once('message', () => {
      const refusal = answer('EVENTS');
      // [WS6]
      if (refusal && 'code' in refusal) socket.close(4_000 + refusal.status, refusal.code);
      else socket.send(JSON.stringify({ type: 'welcome', protocol: 1, cursor: 0 }));
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    client: connect({ url: `http://127.0.0.1:${port}`, apiKey: 'key' }),
    requests,
    bodyOf: (request) => JSON.parse(bodies.get(request) ?? 'null'),
    headersOf: (request) => headers.get(request),
    tell: (event) => {
      for (const socket of streams.clients) socket.send(JSON.stringify(event));
    },
    openStreams: () => streams.clients.size,
    close: async () => {
      for (const socket of streams.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** As the farm does: from where the client asks, if what it has is of the same bytes. */
function sendBytes(
  { headers }: IncomingMessage,
  response: ServerResponse,
  { bytes, breaks }: { readonly bytes: Buffer; readonly breaks?: Break },
): void {
  const isSame = headers['if-range'] === `"${createHash('sha256').update(bytes).digest('hex')}"`;
  const first = isSame ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0) : 0;
  const rest = bytes.subarray(first);
  response.writeHead(first > 0 ? 206 : 200, {
    'content-length': rest.length,
    ...(first > 0 ? { 'content-range': `bytes ${first}-${bytes.length - 1}/${bytes.length}` } : {}),
  });
  if (breaks === undefined) response.end(rest);
  else {
    response.write(rest.subarray(0, breaks.afterBytes));
    void breaks.when.then(() => response.destroy());
  }
}

const nameOf = ({ method, url = '' }: IncomingMessage) => `${method} ${url.replace(/^\/api\/v1|\?.*$/g, '')}`;

function usualAnswer(request: string): unknown {
  if (request === 'GET /health') return HEALTH;
  if (request.startsWith('GET /scenes/')) return SCENE;
  return request.endsWith('/frames') ? { items: [], next: null } : jobIn('succeeded');
}
