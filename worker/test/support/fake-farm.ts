/** The server's side of the worker protocol, as far as a worker can tell, with everything said kept for the test. */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  API_PREFIX,
  type Assignment,
  AttemptFailure,
  CanaryVerdict,
  completeSettings,
  type ErrorBody,
  type ErrorCode,
  type ExchangeAnswer,
  type ExchangeRequest,
  FRAME_HEADER,
  FrameResult,
  Heartbeat,
  type HeartbeatAnswer,
  ImportResult,
  KilnError,
  LEASE_HEADER,
  newId,
  parse,
  parseJson,
  RegisterRequest,
  type Registration,
  type RenderSettings,
  type SceneSource,
  type SessionOffer,
  type TaskKind,
  WORKER_ROUTES,
} from '@kiln/shared';
import { Queue } from 'bullmq';
import { type WebSocket, WebSocketServer } from 'ws';
import type { RedisServer } from './redis-server.ts';

export const idOf = (kind: Parameters<typeof newId>[0]) => newId(kind, (bytes) => crypto.getRandomValues(bytes));

export const settings: RenderSettings = completeSettings({ frames: '0', size: { widthPx: 64, heightPx: 48 } });

export interface DeliveredFrame {
  readonly frameNumber: number;
  readonly result: FrameResult;
  readonly bytes: Buffer;
  readonly mediaType: string;
}

/** An attempt as the farm sees it. */
export class FakeAttempt {
  readonly assignment: Assignment;
  readonly leaseToken = randomBytes(8).toString('hex');
  readonly frames: DeliveredFrame[] = [];
  claims = 0;
  failure: AttemptFailure | null = null;
  importResult: ImportResult | null = null;
  /** The GLB that it has sent, and the hash that it said. */
  converted: { readonly bytes: Buffer; readonly sha256: string; readonly mediaType: string | undefined } | null = null;
  /** The lease is not renewed, and nothing of this attempt is taken any more. */
  isStale = false;

  constructor(assignment: Assignment) {
    this.assignment = assignment;
  }

  get isOver(): boolean {
    const { work } = this.assignment;
    const isDone = work.kind === 'render' ? this.frames.length === work.frames.length : this.importResult !== null;
    return isDone || this.failure !== null;
  }
}

export class FakeFarm {
  readonly attempts = new Map<string, FakeAttempt>();
  readonly heartbeats: Heartbeat[] = [];
  readonly registrations: RegisterRequest[] = [];
  readonly fetched: string[] = [];
  /** What the next heartbeats answer besides renewals. */
  offers: SessionOffer[] = [];
  endSessions: string[] = [];
  stops: string[] = [];
  /** Heartbeats ask for a canary until one is told. */
  asksForCanary = false;
  /** What was told to be wrong with canaries. */
  readonly canaries: (string | null)[] = [];
  goodbyes = 0;
  /** Every request is cut off, as if the server were gone. */
  isDown = false;
  leaseMs = 15_000;
  heartbeatMs = 200;
  /** A frame's delivery is answered only after this. */
  takesMs = 0;
  /** [WK24] Offers exchanges to who registers, and takes them. */
  takesExchanges = false;
  /** Items of each exchange. */
  readonly exchanges: { readonly claims: number; readonly frames: number }[] = [];
  readonly sockets: WebSocket[] = [];
  readonly redis: RedisServer;
  readonly #files = new Map<string, Buffer>();
  readonly #http: Server;
  readonly #live = new WebSocketServer({ noServer: true });
  #workerId = '';
  #secret = '';
  readonly #queues = new Map<string, Queue>();

  constructor(redis: RedisServer) {
    this.redis = redis;
    this.#http = createServer((request, response) => void this.#answer(request, response));
    this.#http.on('upgrade', (request, socket, head) => {
      if (this.isDown) socket.destroy();
      else
        this.#live.handleUpgrade(request, socket, head, (opened) => {
          // Until the test listens; what comes before would be lost.
          opened.pause();
          this.sockets.push(opened);
        });
    });
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const queue of this.#queues.values()) await queue.close();
    for (const socket of this.sockets) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  /** Forgets the worker: its secret is no longer known. */
  forgetWorker(): void {
    this.#secret = '';
  }

  addScene(files: Readonly<Record<string, string | Buffer>>, entry = Object.keys(files)[0] ?? ''): SceneSource {
    const list = Object.entries(files).map(([path, text]) => {
      const bytes = Buffer.from(text);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      this.#files.set(sha256, bytes);
      return { path, sha256, sizeBytes: bytes.length };
    });
    const sceneHash = createHash('sha256')
      .update(JSON.stringify([entry, list]))
      .digest('hex');
    return { sceneHash, entry, files: list };
  }

  /** Makes an attempt and sends its delivery. */
  async send(
    scene: SceneSource,
    work: Assignment['work'],
    overrides: { readonly tenantId?: string; readonly timeoutMs?: number } = {},
  ): Promise<FakeAttempt> {
    const attempt = new FakeAttempt({
      attemptId: idOf('attempt'),
      taskId: idOf('task'),
      tenantId: overrides.tenantId ?? idOf('tenant'),
      leaseMs: this.leaseMs,
      timeoutMs: overrides.timeoutMs ?? 30_000,
      scene,
      work,
    });
    this.attempts.set(attempt.assignment.attemptId, attempt);
    await this.deliver(attempt);
    return attempt;
  }

  async deliver({ assignment: { attemptId, taskId, work }, leaseToken }: FakeAttempt): Promise<void> {
    const queue = this.#queue(work.kind === 'import' ? 'import' : 'render');
    await queue.add('attempt', { attemptId, taskId, leaseToken }, { jobId: `${taskId}-1`, removeOnComplete: true });
  }

  /** Deliveries that wait or are worked on. */
  async deliveriesLeft(): Promise<number> {
    return (await this.#queue('render').count()) + (await this.#queue('render').getActiveCount());
  }

  #queue(kind: TaskKind): Queue {
    const name = `w-${this.#workerId}-${kind}`;
    const known = this.#queues.get(name);
    if (known) return known;
    const queue = new Queue(name, { connection: this.redis.connect(), prefix: 'kiln' });
    // Tests take Redis away on purpose.
    queue.on('error', () => {});
    this.#queues.set(name, queue);
    return queue;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await readAll(request);
      if (this.isDown) return void request.socket.destroy();
      const path = (request.url ?? '').slice(API_PREFIX.length);
      const answer = await this.#route(path, request, body);
      if (Buffer.isBuffer(answer)) response.end(answer);
      else response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    } catch (error) {
      const { status, ...body } = refusalOf(error);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    }
  }

  async #route(path: string, request: IncomingMessage, body: Buffer): Promise<object | Buffer> {
    const token = request.headers.authorization?.replace('Bearer ', '');
    if (path === '/worker/register') return this.#register(token, body);
    if (token !== this.#secret || !token) throw new KilnError('worker.unknown', 'register again');
    if (path === '/worker/heartbeat') return this.#beat(parseJson(Heartbeat, body.toString(), 'the heartbeat'));
    if (path === '/worker/canary') {
      this.asksForCanary = false;
      this.canaries.push(parseJson(CanaryVerdict, body.toString(), 'the canary').fault);
      return {};
    }
    if (path === '/worker/goodbye') {
      this.goodbyes++;
      return {};
    }
    if (path === WORKER_ROUTES.exchange.path && this.takesExchanges) return this.#exchange(body);
    const [, file] = /^\/worker\/files\/([0-9a-f]{64})$/.exec(path) ?? [];
    if (file) {
      this.fetched.push(file);
      return this.#files.get(file) ?? fail('resource.not_found');
    }
    const [, attemptId, action, frame] = /^\/worker\/attempts\/(\w+)\/(\w+)(?:\/(-?\w+))?$/.exec(path) ?? [];
    const attempt = this.#held({ attemptId, leaseToken: request.headers[LEASE_HEADER] });
    if (action === 'converted') {
      attempt.converted = { bytes: body, sha256: frame ?? '', mediaType: request.headers['content-type'] };
      return {};
    }
    return this.#attempt(attempt, action ?? '', Number(frame), request, body);
  }

  #held({ attemptId = '', leaseToken }: { attemptId?: string | undefined; leaseToken: unknown }): FakeAttempt {
    const attempt = this.attempts.get(attemptId) ?? fail('resource.not_found');
    return attempt.isStale || leaseToken !== attempt.leaseToken ? fail('attempt.stale') : attempt;
  }

  async #exchange(body: Buffer): Promise<ExchangeAnswer> {
    let offset = 4 + body.readUInt32LE(0);
    const { claims, frames }: ExchangeRequest = JSON.parse(body.toString('utf8', 4, offset));
    this.exchanges.push({ claims: claims.length, frames: frames.length });
    const scenes: SceneSource[] = [];
    const claimed = claims.map((item) =>
      told(() => {
        const attempt = this.#held(item);
        attempt.claims++;
        const { scene, ...assignment } = attempt.assignment;
        return { assignment, sceneIndex: scenes.push(scene) - 1 };
      }),
    );
    const taken = frames.map(({ frameNumber, mediaType, result, ...key }) => {
      const bytes = body.subarray(offset, offset + result.sizeBytes);
      offset += result.sizeBytes;
      return told(() => this.#take(this.#held(key), { frameNumber, mediaType, result, bytes }));
    });
    if (this.takesMs > 0) await new Promise((resolve) => setTimeout(resolve, this.takesMs));
    return { scenes, claims: claimed, frames: taken };
  }

  #take(attempt: FakeAttempt, frame: DeliveredFrame): { taskDone: boolean } {
    const result = parse(FrameResult, frame.result, 'the frame');
    if (createHash('sha256').update(frame.bytes).digest('hex') !== result.sha256) fail('upload.hash_mismatch');
    attempt.frames.push({ ...frame, result });
    return { taskDone: attempt.isOver };
  }

  #register(token: string | undefined, body: Buffer): Registration {
    if (token !== 'wt_test') fail('identity.missing');
    const request = parseJson(RegisterRequest, body.toString(), 'the registration');
    this.registrations.push(request);
    this.#workerId = request.resume ?? idOf('worker');
    this.#secret = randomBytes(8).toString('hex');
    return {
      workerId: this.#workerId,
      workerSecret: this.#secret,
      protocol: 1,
      leaseMs: this.leaseMs,
      heartbeatMs: this.heartbeatMs,
      ...(this.takesExchanges
        ? { exchange: { claims: 64, frames: 64, frameBytes: 100_000, bodyBytes: 1_000_000 } }
        : {}),
      redis: {
        url: this.redis.url,
        username: null,
        password: null,
        prefix: 'kiln',
        renderQueue: `w-${this.#workerId}-render`,
        importQueue: `w-${this.#workerId}-import`,
        signalChannel: `kiln:signal:${this.#workerId}`,
      },
    };
  }

  #beat(heartbeat: Heartbeat): HeartbeatAnswer {
    this.heartbeats.push(heartbeat);
    const held = heartbeat.attempts.filter(({ attemptId }) => !this.attempts.get(attemptId)?.isStale);
    return {
      renewed: held.map(({ attemptId }) => ({ attemptId, leaseMs: this.leaseMs })),
      stop: this.stops,
      openSessions: this.offers.filter(({ sessionId }) => !heartbeat.sessions.includes(sessionId)),
      endSessions: this.endSessions,
      ...(this.asksForCanary ? { drawCanary: true } : {}),
      drain: false,
    };
  }

  async #attempt(
    attempt: FakeAttempt,
    action: string,
    frameNumber: number,
    request: IncomingMessage,
    body: Buffer,
  ): Promise<object> {
    switch (action) {
      case 'claim':
        attempt.claims++;
        return attempt.assignment;
      case 'fail':
        attempt.failure = parseJson(AttemptFailure, body.toString(), 'the failure');
        return {};
      case 'import':
        attempt.importResult = parseJson(ImportResult, body.toString(), 'the import');
        return {};
      case 'frames': {
        if (this.takesMs > 0) await new Promise((resolve) => setTimeout(resolve, this.takesMs));
        const header: unknown = JSON.parse(decodeURIComponent(String(request.headers[FRAME_HEADER])));
        const result = parse(FrameResult, header, 'the frame');
        const mediaType = request.headers['content-type'] ?? '';
        return this.#take(attempt, { frameNumber, result, bytes: body, mediaType });
      }
      default:
        return fail('resource.not_found');
    }
  }
}

function fail(code: ErrorCode): never {
  throw new KilnError(code, code);
}

function refusalOf(error: unknown): ErrorBody & { readonly status: number } {
  const known = error instanceof KilnError ? error : new KilnError('server.internal', String(error));
  const { code, message, retryable, status } = known;
  return { status, error: { code, message, retryable, requestId: 'req_1' } };
}

function told<T>(answer: () => T): T | ErrorBody {
  try {
    return answer();
  } catch (error) {
    return { error: refusalOf(error).error };
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
