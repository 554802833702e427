/** A worker without a browser: it speaks the real HTTP and takes real deliveries; its pictures are a few bytes of text. */
import { createHash } from 'node:crypto';
import {
  type Assignment,
  type Delivery,
  FILM_FORMATS,
  FILM_HEADER,
  type FilmFrames,
  type FilmResult,
  FRAME_HEADER,
  type FrameAccepted,
  type FramePart,
  type FrameResult,
  GLB_MEDIA_TYPE,
  type Heartbeat,
  type HeartbeatAnswer,
  IMAGE_FORMATS,
  LEASE_HEADER,
  type Pass,
  type PassFile,
  type PassResult,
  PIECE_HEADER,
  PIECE_MEDIA_TYPE,
  type PieceResult,
  passFilesOf,
  type Registration,
  type SampleRange,
  type SessionOffer,
  WORKER_PROTOCOLS,
  type WorkerIdentity,
  type WorkerSignal,
} from '@kiln/shared';
import { Worker as BullWorker } from 'bullmq';
import { Redis } from 'ioredis';
import { connectionPath } from '../src/queue/redis.ts';
import { REPORT, WORKER_TOKEN } from './farm-fixture.ts';

export interface FakeWorkerOptions {
  readonly identity?: Partial<WorkerIdentity>;
  /** Milliseconds that a frame takes. @defaultValue 0 */
  readonly frameMs?: number;
  /** Milliseconds that drawing a frame is said to have taken. @defaultValue what it took */
  readonly drawMs?: (assignment: Assignment, frameNumber: number) => number;
  /** Called before a frame is delivered; what it throws fails the attempt. */
  readonly onFrame?: (assignment: Assignment, frameNumber: number) => Promise<void> | void;
  /** Samples of a part that are delivered at once. @defaultValue all */
  readonly pieceSamples?: number | ((assignment: Assignment) => number);
  /** Called before sums are delivered; what it throws fails the attempt. */
  readonly onPiece?: (assignment: Assignment, part: FramePart) => Promise<void> | void;
  /** [WK21] Whether noise ends the frame with these sums. @defaultValue never */
  readonly endsByNoise?: (part: FramePart) => boolean;
  /** [WK18] Whether something more urgent has taken the slot when these sums are delivered. @defaultValue never */
  readonly givesWay?: (assignment: Assignment, part: FramePart) => boolean;
  readonly heartbeatMs?: number;
  /** What is wrong with its canary, when it is asked for it. @defaultValue nothing */
  readonly onCanary?: () => string | null;
  /** The GLB that an import makes of a scene. @defaultValue none, as for glTF */
  readonly convert?: (assignment: Assignment) => Buffer | null;
}

type WorkOf<K extends Assignment['work']['kind']> = Extract<Assignment['work'], { kind: K }>;

export const IDENTITY: WorkerIdentity = {
  name: 'fake',
  pid: 1,
  version: 'test',
  protocols: [...WORKER_PROTOCOLS],
  slots: 2,
  maxSessions: 2,
  capabilities: [{ engine: 'raster', backend: 'webgl' }],
  adapterClass: '0123456789abcdef',
  renderer: 'none',
  backend: 'none',
  browserVersion: 'none',
  sandboxed: true,
  filmMakers: ['page'],
  drawsCanary: true,
};

export class HttpFailure extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(`${status} ${code}: ${message}`);
    this.status = status;
    this.code = code;
  }
}

export class FakeWorker {
  readonly #options: FakeWorkerOptions;
  readonly identity: WorkerIdentity;
  url: string;
  registration!: Registration;
  readonly held = new Map<string, Delivery>();
  readonly sessions = new Set<string>();
  readonly offers: SessionOffer[] = [];
  readonly signals: WorkerSignal[] = [];
  readonly delivered: number[] = [];
  /** Frames of each answer to a film. */
  readonly filmed: number[][] = [];
  /** Claims that answered, by attempt. */
  readonly claimed: Assignment[] = [];
  readonly stale: string[] = [];
  status: Heartbeat['status'] = { browsers: [], scenes: [], cacheBytes: 0, nodeRssBytes: 0, browserRssBytes: 0 };
  /** What it says of how far it is. */
  progress: NonNullable<Heartbeat['progress']> = [];
  draining = false;
  /** Sends no heartbeat and reports nothing, as after `kill -9`. */
  dead = false;
  #bull: BullWorker[] = [];
  #redis: Redis | null = null;
  #timer: NodeJS.Timeout | null = null;
  #registering: Promise<void> | null = null;
  #isLeaving = false;

  constructor(url: string, options: FakeWorkerOptions = {}) {
    this.url = url;
    this.#options = options;
    this.identity = { ...IDENTITY, ...options.identity };
  }

  async start(): Promise<this> {
    await this.register();
    const everyMs = this.#options.heartbeatMs ?? 300;
    this.#timer = setInterval(() => void this.heartbeat().catch(() => {}), everyMs);
    return this;
  }

  async register(): Promise<void> {
    this.#isLeaving = false;
    this.#registering ??= this.#register().finally(() => {
      this.#registering = null;
    });
    await this.#registering;
  }

  async #register(): Promise<void> {
    const resume = this.registration?.workerId;
    this.registration = await this.post('/worker/register', WORKER_TOKEN, {
      identity: this.identity,
      ...(resume === undefined ? {} : { resume }),
    });
    await this.#disconnect();
    const { redis } = this.registration;
    const connect = () => {
      const client = new Redis(connectionPath(redis.url), {
        ...(redis.username === null ? {} : { username: redis.username }),
        ...(redis.password === null ? {} : { password: redis.password }),
        maxRetriesPerRequest: null,
        retryStrategy: () => 100,
      });
      client.on('error', () => {});
      return client;
    };
    this.#redis = connect();
    this.#redis.on('message', (_channel, text: string) => this.#signal(JSON.parse(text) as WorkerSignal));
    await this.#redis.subscribe(redis.signalChannel);
    const lane = (queue: string, concurrency: number) => {
      const bull = new BullWorker<Delivery>(queue, (job) => this.#process(job.data), {
        connection: connect(),
        prefix: redis.prefix,
        concurrency,
        maxStalledCount: 0,
        lockDuration: 60_000,
        drainDelay: 1,
      });
      bull.on('error', () => {});
      return bull;
    };
    this.#bull = [lane(redis.renderQueue, this.identity.slots * 2), lane(redis.importQueue, 1)];
    const isNew = this.identity.protocols.includes(2);
    if (redis.urgentQueue !== undefined && isNew) this.#bull.push(lane(redis.urgentQueue, this.identity.slots * 2));
    if (redis.filmQueue !== undefined) this.#bull.push(lane(redis.filmQueue, 4));
  }

  #signal(signal: WorkerSignal): void {
    this.signals.push(signal);
    if (this.dead) return;
    if (signal.type === 'stop') for (const id of signal.attempts) this.held.delete(id);
    if (signal.type === 'open-session') this.offers.push(signal.offer);
    if (signal.type === 'end-session') this.sessions.delete(signal.sessionId);
  }

  async heartbeat(): Promise<HeartbeatAnswer | null> {
    if (this.dead || this.#isLeaving) return null;
    const body: Heartbeat = {
      status: this.status,
      attempts: [...this.held.values()].map(({ attemptId, leaseToken }) => ({ attemptId, leaseToken })),
      sessions: [...this.sessions],
      progress: this.progress,
      draining: this.draining,
    };
    try {
      const answer = await this.post<HeartbeatAnswer>('/worker/heartbeat', this.registration.workerSecret, body);
      for (const id of answer.stop) this.held.delete(id);
      for (const id of answer.endSessions) this.sessions.delete(id);
      this.offers.push(...answer.openSessions);
      if (answer.drawCanary) {
        const fault = this.#options.onCanary?.() ?? null;
        await this.post('/worker/canary', this.registration.workerSecret, { fault });
      }
      return answer;
    } catch (error) {
      const isUnknown = error instanceof HttpFailure && error.code === 'worker.unknown';
      if (!isUnknown) throw error;
      if (!this.#isLeaving) await this.register();
      return null;
    }
  }

  async #process(delivery: Delivery): Promise<void> {
    if (this.dead) return new Promise(() => {});
    if (this.held.has(delivery.attemptId)) return;
    this.held.set(delivery.attemptId, delivery);
    try {
      await this.work(delivery);
    } catch (error) {
      if (error instanceof HttpFailure && (error.status === 409 || error.status === 404)) {
        this.stale.push(delivery.attemptId);
      } else if (!this.dead) throw error;
    } finally {
      this.held.delete(delivery.attemptId);
    }
    if (this.dead) await new Promise(() => {});
  }

  async claim(delivery: Delivery): Promise<Assignment> {
    const assignment = await this.retry(() =>
      this.post<Assignment>(
        `/worker/attempts/${delivery.attemptId}/claim`,
        this.registration.workerSecret,
        undefined,
        delivery.leaseToken,
      ),
    );
    this.claimed.push(assignment);
    return assignment;
  }

  async work(delivery: Delivery): Promise<void> {
    const assignment = await this.claim(delivery);
    if (assignment.work.kind === 'import') {
      const glb = this.#options.convert?.(assignment) ?? null;
      const converted = glb && { sha256: createHash('sha256').update(glb).digest('hex'), sizeBytes: glb.length };
      if (glb && converted) await this.sendConverted(delivery, converted.sha256, glb);
      const report = {
        outcome: 'ready',
        report: REPORT,
        thumbnailBase64: Buffer.from('thumbnail').toString('base64'),
        thumbnailMediaType: 'image/webp',
        ...(converted ? { converted } : {}),
      };
      const path = `/worker/attempts/${delivery.attemptId}/import`;
      await this.retry(() => this.post(path, this.registration.workerSecret, report, delivery.leaseToken));
      return;
    }
    if (assignment.work.kind === 'piece') return this.#drawPiece(delivery, assignment, assignment.work);
    if (assignment.work.kind === 'assemble') return this.#assemble(delivery, assignment, assignment.work);
    if (assignment.work.kind === 'film') return this.#film(delivery, assignment.work);
    for (const frameNumber of assignment.work.frames) {
      const startedAtMs = Date.now();
      if (this.#options.frameMs) await new Promise((resolve) => setTimeout(resolve, this.#options.frameMs));
      try {
        await this.#options.onFrame?.(assignment, frameNumber);
      } catch (error) {
        await this.fail(delivery, 'render.failed', error instanceof Error ? error.message : 'failed', true);
        return;
      }
      if (this.dead || !this.held.has(delivery.attemptId)) return;
      const { drawMs } = this.#options;
      const beganMs = drawMs ? Date.now() - drawMs(assignment, frameNumber) : startedAtMs;
      await this.deliver(delivery, frameNumber, `frame ${frameNumber}`, beganMs);
      this.delivered.push(frameNumber);
    }
  }

  /** [WK17] The film is the text of its frames, one after the other, with a dash for each that is missing. */
  async #film(delivery: Delivery, { plan, frameCount }: WorkOf<'film'>): Promise<void> {
    const ask = <T>(path: string, read: (response: Response) => Promise<T>, more: Partial<RequestInit> = {}) =>
      this.retry(async () => {
        const own = { authorization: `Bearer ${this.registration.workerSecret}`, [LEASE_HEADER]: delivery.leaseToken };
        const url = `${this.url}/api/v1/worker/attempts/${delivery.attemptId}/${path}`;
        return read(await fetch(url, { ...more, headers: { ...own, ...more.headers } }));
      });
    const missing: number[] = [];
    let text = '';
    for (let next = 0; next < frameCount; ) {
      if (this.dead || !this.held.has(delivery.attemptId)) return;
      const { frames } = await ask(`film-frames/${next}`, answerOf<FilmFrames>);
      this.filmed.push(frames.map(({ frameNumber }) => frameNumber));
      for (const { frameNumber, file } of frames) {
        if (file) text += `${await ask(`film-files/${file.sha256}`, textOf)};`;
        else {
          missing.push(frameNumber);
          text += '-;';
        }
      }
      next += frames.length;
      if (frames.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const bytes = Buffer.from(text);
    const facts = { widthPx: 64, heightPx: 64, frameCount, missing, durationSec: frameCount / 24, audioCodec: null };
    const result: FilmResult = {
      sha256: createHash('sha256').update(bytes).digest('hex'),
      sizeBytes: bytes.length,
      facts,
    };
    await ask('film', answerOf, {
      method: 'PUT',
      headers: {
        [FILM_HEADER]: encodeURIComponent(JSON.stringify(result)),
        'content-type': FILM_FORMATS[plan.format].mediaType,
      },
      body: new Uint8Array(bytes),
    });
  }

  /** [WK16] One range of samples after another; what is delivered is where it lies. */
  async #drawPiece(delivery: Delivery, assignment: Assignment, work: WorkOf<'piece'>): Promise<void> {
    const { region, samples } = work.part;
    const { pieceSamples = samples.count } = this.#options;
    const step = typeof pieceSamples === 'number' ? pieceSamples : pieceSamples(assignment);
    for (let first = samples.first; first < samples.first + samples.count; first += step) {
      const count = Math.min(step, samples.first + samples.count - first);
      try {
        await this.#options.onPiece?.(assignment, { region, samples: { first, count } });
      } catch (error) {
        await this.fail(delivery, 'render.failed', error instanceof Error ? error.message : 'failed', true);
        return;
      }
      if (this.dead || !this.held.has(delivery.attemptId)) return;
      const givesWay = this.#options.givesWay?.(assignment, { region, samples: { first, count } }) ?? false;
      const isLast = this.#options.endsByNoise?.({ region, samples: { first, count } }) ?? false;
      const startedAtMs = Date.now();
      const { settings } = work;
      const backend = settings.backend === 'auto' ? 'webgl' : settings.backend;
      const more: Partial<PieceResult> = {
        stages: { draw: { startedAtMs, durationMs: 1, backend }, encode: { startedAtMs, durationMs: 1 } },
        ...(givesWay ? { givesWay } : {}),
        ...(isLast ? { endedBy: 'noise' } : {}),
        ...(work.before ? { noise: 1 / (first + count), drawnMs: 1_000 } : {}),
      };
      const text = `[${region.x},${region.y} ${first}+${count}]`;
      const { gaveWay } = await this.deliverPiece(delivery, { first, count }, text, more);
      if (gaveWay || isLast) return;
    }
  }

  async deliverPiece(
    delivery: Delivery,
    samples: SampleRange,
    text: string,
    more: Partial<PieceResult> = {},
  ): Promise<FrameAccepted> {
    const bytes = Buffer.from(text);
    const startedAtMs = Date.now();
    const result: PieceResult = {
      sha256: createHash('sha256').update(bytes).digest('hex'),
      sizeBytes: bytes.length,
      samples,
      stages: { draw: { startedAtMs, durationMs: 1 }, encode: { startedAtMs, durationMs: 1 } },
      ...more,
    };
    return this.retry(async () => {
      const response = await fetch(`${this.url}/api/v1/worker/attempts/${delivery.attemptId}/pieces`, {
        method: 'PUT',
        headers: {
          authorization: `Bearer ${this.registration.workerSecret}`,
          [LEASE_HEADER]: delivery.leaseToken,
          [PIECE_HEADER]: encodeURIComponent(JSON.stringify(result)),
          'content-type': PIECE_MEDIA_TYPE,
        },
        body: new Uint8Array(bytes),
      });
      return answerOf<FrameAccepted>(response);
    });
  }

  /** The frame is the text of all its sums. */
  async #assemble(delivery: Delivery, assignment: Assignment, work: WorkOf<'assemble'>): Promise<void> {
    const { frameNumber, sums } = work;
    await this.#options.onFrame?.(assignment, frameNumber);
    const texts = await Promise.all(
      sums.map(({ sha256 }) =>
        this.retry(async () => {
          const response = await fetch(`${this.url}/api/v1/worker/attempts/${delivery.attemptId}/pieces/${sha256}`, {
            headers: { authorization: `Bearer ${this.registration.workerSecret}`, [LEASE_HEADER]: delivery.leaseToken },
          });
          return textOf(response);
        }),
      ),
    );
    await this.deliver(delivery, frameNumber, texts.join(''));
    this.delivered.push(frameNumber);
  }

  /** [WK15] */
  async sendConverted(delivery: Delivery, sha256: string, glb: Buffer): Promise<void> {
    const response = await fetch(`${this.url}/api/v1/worker/attempts/${delivery.attemptId}/converted/${sha256}`, {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${this.registration.workerSecret}`,
        [LEASE_HEADER]: delivery.leaseToken,
        'content-type': GLB_MEDIA_TYPE,
      },
      body: new Uint8Array(glb),
    });
    await answerOf(response);
  }

  /** Bytes of a scene's file, or the status of the refusal. */
  async file(delivery: Delivery, sha256: string): Promise<Buffer | number> {
    const response = await fetch(`${this.url}/api/v1/worker/files/${sha256}`, {
      headers: { authorization: `Bearer ${this.registration.workerSecret}`, [LEASE_HEADER]: delivery.leaseToken },
    });
    return response.ok ? Buffer.from(await response.arrayBuffer()) : response.status;
  }

  async fail(delivery: Delivery, code: string, message: string, retryable: boolean, more: object = {}): Promise<void> {
    const failure = { code, message, retryable, log: ['a line'], ...more };
    const path = `/worker/attempts/${delivery.attemptId}/fail`;
    await this.retry(() => this.post(path, this.registration.workerSecret, failure, delivery.leaseToken));
  }

  async deliver(
    delivery: Delivery,
    frameNumber: number,
    text: string,
    startedAtMs = Date.now(),
  ): Promise<FrameAccepted> {
    const bytes = Buffer.from(text);
    const durationMs = Math.max(1, Date.now() - startedAtMs);
    const result: FrameResult = {
      sha256: createHash('sha256').update(bytes).digest('hex'),
      sizeBytes: bytes.length,
      stages: { draw: { startedAtMs, durationMs }, encode: { startedAtMs, durationMs: 1 } },
      statistics: null,
      sentAtMs: startedAtMs + durationMs + 1,
    };
    const files: PassFile[] = [];
    for (const pass of this.#otherPasses(delivery)) {
      const file = Buffer.from(`${pass} of ${text}`);
      const named = { sha256: createHash('sha256').update(file).digest('hex'), sizeBytes: file.length };
      await this.retry(() => this.put(delivery, `${frameNumber}/${pass}`, file, named));
      files.push({ pass, ...named });
    }
    const whole = files.length === 0 ? result : { ...result, files };
    return this.retry(() => this.put(delivery, String(frameNumber), bytes, whole));
  }

  /** @param path below the attempt's frames. */
  async put(
    delivery: Delivery,
    path: string,
    bytes: Buffer,
    result: FrameResult | PassResult,
    mediaType = this.#mediaTypeOf(delivery),
  ): Promise<FrameAccepted> {
    const response = await fetch(`${this.url}/api/v1/worker/attempts/${delivery.attemptId}/frames/${path}`, {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${this.registration.workerSecret}`,
        [LEASE_HEADER]: delivery.leaseToken,
        [FRAME_HEADER]: encodeURIComponent(JSON.stringify(result)),
        'content-type': mediaType,
      },
      body: new Uint8Array(bytes),
    });
    return answerOf<FrameAccepted>(response);
  }

  /** Passes of the layer that are files beside a frame's first. */
  #otherPasses({ attemptId }: Delivery): Pass[] {
    const work = this.claimed.find((claimed) => claimed.attemptId === attemptId)?.work;
    return work && 'settings' in work ? passFilesOf(work.settings).slice(1) : [];
  }

  /** What the layer asks for; PNG for an attempt that was never claimed. */
  #mediaTypeOf({ attemptId }: Delivery): string {
    const work = this.claimed.find((claimed) => claimed.attemptId === attemptId)?.work;
    return IMAGE_FORMATS[work && 'settings' in work ? work.settings.format : 'png'].mediaType;
  }

  /** [WK12] Whatever may pass is tried again while this worker lives. */
  async retry<T>(action: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await action();
      } catch (error) {
        if (this.dead || this.#isLeaving) throw error;
        if (error instanceof HttpFailure && error.code === 'worker.unknown') await this.register();
        else if (error instanceof HttpFailure && error.status < 500) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async post<T>(path: string, bearer: string, body?: unknown, lease?: string): Promise<T> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${bearer}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(lease === undefined ? {} : { [LEASE_HEADER]: lease }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answerOf<T>(response);
  }

  async goodbye(): Promise<void> {
    this.#isLeaving = true;
    await this.post('/worker/goodbye', this.registration.workerSecret);
  }

  /** As `kill -9`: silence. */
  async vanish(): Promise<void> {
    this.dead = true;
    if (this.#timer) clearInterval(this.#timer);
    await this.#disconnect();
  }

  async stop(): Promise<void> {
    this.dead = true;
    if (this.#timer) clearInterval(this.#timer);
    await this.#disconnect();
  }

  async #disconnect(): Promise<void> {
    this.#redis?.disconnect();
    const bulls = this.#bull;
    this.#bull = [];
    await Promise.all(
      bulls.map(async (bull) => {
        await bull.close(true).catch(() => {});
        const connection = bull.opts.connection;
        if (connection instanceof Redis) connection.disconnect();
      }),
    );
  }
}

async function textOf(response: Response): Promise<string> {
  return response.ok ? response.text() : answerOf<string>(response);
}

async function answerOf<T>(response: Response): Promise<T> {
  const body: unknown = await response.json();
  if (response.ok) return body as T;
  const { error } = body as { error: { code: string; message: string } };
  throw new HttpFailure(response.status, error.code, error.message);
}
