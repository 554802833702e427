/** The server's routes for workers, as functions. One call is one request or a part of one; trying again is the caller's business. */

import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import {
  API_PREFIX,
  Assignment,
  type AttemptFailure,
  type CanaryVerdict,
  EXCHANGE_MEDIA_TYPE,
  ExchangeAnswer,
  type ExchangeLimits,
  FILM_HEADER,
  FilmFrames,
  type FilmResult,
  FRAME_HEADER,
  FrameAccepted,
  type FrameResult,
  GLB_MEDIA_TYPE,
  type Heartbeat,
  HeartbeatAnswer,
  type ImportResult,
  KilnError,
  LEASE_HEADER,
  type PassFile,
  type PassResult,
  PIECE_HEADER,
  PIECE_MEDIA_TYPE,
  type PieceResult,
  PREVIEW_MEDIA_TYPE,
  type RegisterRequest,
  Registration,
  readAnswer,
  type SceneFile,
  type SessionOffer,
  WORKER_ROUTES,
} from '@kiln/shared';
import Type, { type Static, type TSchema } from 'typebox';
import { WORKER_LIMITS } from '../limits.ts';
import type { ReceivedFile } from '../page-host/page-site.ts';
import type { FrameFile } from '../pool/page-orders.ts';
import { Exchange } from './exchange.ts';

type RouteName = keyof typeof WORKER_ROUTES;

interface RequestParts {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes, whole or as a stream, or a value that is sent as JSON. */
  readonly body?: Uint8Array | ReadableStream<Uint8Array> | object;
  /** Bearer token; the worker's secret unless another is given. */
  readonly token?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const Nothing = Type.Unknown();

/** What an attempt shows with every request. */
export interface LeaseKey {
  readonly attemptId: string;
  readonly leaseToken: string;
}

export class FarmClient {
  readonly #baseUrl: string;
  #secret = '';
  /** Null where the server takes each claim and each frame alone. */
  #exchange: Exchange | null = null;

  /** @param url origin of the server, as KILN_URL gives it */
  constructor(url: string) {
    this.#baseUrl = new URL(url).origin + API_PREFIX;
  }

  /** The worker's secret, once it is registered. */
  get secret(): string {
    return this.#secret;
  }

  /** Registers, and uses the answer's secret from now on. */
  async register(request: RegisterRequest, workerToken: string, signal?: AbortSignal): Promise<Registration> {
    const registration = await this.#json('register', Registration, { body: request, token: workerToken, signal });
    this.#secret = registration.workerSecret;
    this.#exchange = registration.exchange ? this.#openExchange(registration.exchange) : null;
    return registration;
  }

  heartbeat(body: Heartbeat): Promise<HeartbeatAnswer> {
    return this.#json('heartbeat', HeartbeatAnswer, { body });
  }

  async tellCanary(verdict: CanaryVerdict, signal: AbortSignal): Promise<void> {
    await this.#json('canary', Nothing, { body: verdict, signal });
  }

  async goodbye(): Promise<void> {
    await this.#json('goodbye', Nothing, { body: {}, timeoutMs: WORKER_LIMITS.goodbyeMs });
  }

  claim(lease: LeaseKey, signal: AbortSignal): Promise<Assignment> {
    if (this.#exchange) return this.#exchange.claim(keyOf(lease), signal);
    return this.#json('claim', Assignment, { ...attemptParts(lease, signal), body: {} });
  }

  /** Sends a frame, a large one from the disk. */
  async deliverFrame(
    lease: LeaseKey,
    frameNumber: number,
    { result, mediaType, content }: { result: FrameResult; mediaType: string; content: FrameFile['content'] },
    signal: AbortSignal,
  ): Promise<FrameAccepted> {
    if (content instanceof Uint8Array && this.#exchange?.takes(result.sizeBytes)) {
      return this.#exchange.frame({ ...keyOf(lease), frameNumber, mediaType, result }, content, signal);
    }
    const parts = attemptParts(lease, signal);
    return this.#json('frame', FrameAccepted, {
      ...parts,
      params: { ...parts.params, frameNumber },
      headers: {
        ...parts.headers,
        'content-type': mediaType,
        'content-length': String(result.sizeBytes),
        [FRAME_HEADER]: encodeURIComponent(JSON.stringify(result)),
      },
      body: bodyOf(content, result.sizeBytes),
      timeoutMs: WORKER_LIMITS.transferMs,
    });
  }

  /** Sends a file beside the frame's first one, before that. */
  deliverPass(
    lease: LeaseKey,
    frameNumber: number,
    {
      file: { pass, ...file },
      mediaType,
      content,
    }: { file: PassFile; mediaType: string; content: FrameFile['content'] },
    signal: AbortSignal,
  ): Promise<void> {
    return this.#besideFrame(lease, { frameNumber, pass }, { ...file, content }, mediaType, signal);
  }

  /** Sends a small picture of a frame, before that. */
  deliverPreview(lease: LeaseKey, frameNumber: number, file: FrameFile, signal: AbortSignal): Promise<void> {
    return this.#besideFrame(lease, { frameNumber, pass: 'preview' }, file, PREVIEW_MEDIA_TYPE, signal);
  }

  async #besideFrame(
    lease: LeaseKey,
    params: { readonly frameNumber: number; readonly pass: string },
    { sha256, sizeBytes, content }: FrameFile,
    mediaType: string,
    signal: AbortSignal,
  ): Promise<void> {
    const parts = attemptParts(lease, signal);
    await this.#json('pass', Nothing, {
      ...parts,
      params: { ...parts.params, ...params },
      headers: {
        ...parts.headers,
        'content-type': mediaType,
        'content-length': String(sizeBytes),
        [FRAME_HEADER]: encodeURIComponent(JSON.stringify({ sha256, sizeBytes } satisfies PassResult)),
      },
      body: bodyOf(content, sizeBytes),
      timeoutMs: WORKER_LIMITS.transferMs,
    });
  }

  /** Sends sums of a part of a frame from the disk. */
  async deliverPiece(
    lease: LeaseKey,
    result: PieceResult,
    { diskPath, sizeBytes }: ReceivedFile,
    signal: AbortSignal,
  ): Promise<FrameAccepted> {
    const parts = attemptParts(lease, signal);
    return this.#json('piece', FrameAccepted, {
      ...parts,
      headers: {
        ...parts.headers,
        'content-type': PIECE_MEDIA_TYPE,
        'content-length': String(sizeBytes),
        [PIECE_HEADER]: encodeURIComponent(JSON.stringify(result)),
      },
      body: Readable.toWeb(createReadStream(diskPath)),
      timeoutMs: WORKER_LIMITS.transferMs,
    });
  }

  /** [WK25] Sends sums of a session's view from the disk. */
  async sendViewSums(
    { sessionId, token }: Pick<SessionOffer, 'sessionId' | 'token'>,
    { diskPath, sizeBytes, sha256 }: ReceivedFile,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#json('viewSums', Nothing, {
      params: { sessionId, sha256 },
      headers: {
        [LEASE_HEADER]: token,
        'content-type': PIECE_MEDIA_TYPE,
        'content-length': String(sizeBytes),
      },
      body: Readable.toWeb(createReadStream(diskPath)),
      timeoutMs: WORKER_LIMITS.transferMs,
      signal,
    });
  }

  /** Frames of the attempt's film whose fate is known, from the one at `from` on, counted from 0. */
  filmFrames(lease: LeaseKey, from: number, signal: AbortSignal): Promise<FilmFrames> {
    const parts = attemptParts(lease, signal);
    return this.#json('filmFrames', FilmFrames, { ...parts, params: { ...parts.params, from } });
  }

  /** Bytes of a frame of the attempt's film, or of its sound, unchecked. */
  filmFile(lease: LeaseKey, sha256: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const parts = attemptParts(lease, signal);
    const request = { ...parts, params: { ...parts.params, sha256 } };
    return this.#bytes('filmFile', request, `file ${sha256} of the film`);
  }

  async deliverFilm(
    lease: LeaseKey,
    film: { readonly result: FilmResult; readonly mediaType: string; readonly diskPath: string },
    signal: AbortSignal,
  ): Promise<void> {
    const parts = attemptParts(lease, signal);
    await this.#json('film', Nothing, {
      ...parts,
      headers: {
        ...parts.headers,
        'content-type': film.mediaType,
        'content-length': String(film.result.sizeBytes),
        [FILM_HEADER]: encodeURIComponent(JSON.stringify(film.result)),
      },
      body: Readable.toWeb(createReadStream(film.diskPath)),
      timeoutMs: WORKER_LIMITS.transferMs,
    });
  }

  /** Bytes of sums that the attempt makes a frame of, unchecked. */
  async sums(lease: LeaseKey, sha256: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const parts = attemptParts(lease, signal);
    return this.#bytes('sums', { ...parts, params: { ...parts.params, sha256 } }, `sums ${sha256}`);
  }

  /** Sends the GLB that a scene was converted to, before `deliverImport` names it. */
  async sendConverted(
    lease: LeaseKey,
    { diskPath, sizeBytes, sha256 }: ReceivedFile,
    signal: AbortSignal,
  ): Promise<void> {
    const parts = attemptParts(lease, signal);
    await this.#json('converted', Nothing, {
      ...parts,
      params: { ...parts.params, sha256 },
      headers: { ...parts.headers, 'content-type': GLB_MEDIA_TYPE, 'content-length': String(sizeBytes) },
      body: Readable.toWeb(createReadStream(diskPath)),
      timeoutMs: WORKER_LIMITS.transferMs,
    });
  }

  async deliverImport(lease: LeaseKey, result: ImportResult, signal: AbortSignal): Promise<void> {
    await this.#json('import', Nothing, { ...attemptParts(lease, signal), body: result });
  }

  async fail(lease: LeaseKey, failure: AttemptFailure, signal: AbortSignal): Promise<void> {
    await this.#json('fail', Nothing, { ...attemptParts(lease, signal), body: failure });
  }

  /**
   * Bytes of a scene's file, unchecked.
   *
   * @param token lease token of an attempt, or token of a session
   */
  async file(file: SceneFile, token: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const parts = { params: { sha256: file.sha256 }, headers: { [LEASE_HEADER]: token }, signal };
    return this.#bytes('file', parts, `"${file.path}"`);
  }

  #openExchange(limits: ExchangeLimits): Exchange {
    const exchange = new Exchange(limits, async (body) => {
      const headers = { 'content-type': EXCHANGE_MEDIA_TYPE };
      try {
        return await this.#json('exchange', ExchangeAnswer, { headers, body, timeoutMs: WORKER_LIMITS.transferMs });
      } catch (error) {
        if (!(error instanceof KilnError) || !WITHOUT_EXCHANGE.has(error.code)) throw error;
        // Another server answers by now, of before: each goes its own way.
        if (this.#exchange === exchange) this.#exchange = null;
        throw new KilnError('client.unreachable', 'the server takes no exchange any more', { cause: error });
      }
    });
    return exchange;
  }

  async #bytes(route: RouteName, parts: RequestParts, what: string): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#send(route, { ...parts, timeoutMs: WORKER_LIMITS.transferMs });
    if (!response.ok || !response.body) await readAnswer(response, Nothing, what, []);
    if (!response.body) throw new KilnError('client.bad_answer', `no bytes came for ${what}`);
    return response.body;
  }

  async #json<T extends TSchema>(route: RouteName, schema: T, parts: RequestParts): Promise<Static<T>> {
    const response = await this.#send(route, parts);
    return readAnswer(response, schema, route, []);
  }

  async #send(route: RouteName, parts: RequestParts): Promise<Response> {
    const { method, path } = WORKER_ROUTES[route];
    const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(parts.params?.[name] ?? '')));
    const limit = AbortSignal.timeout(parts.timeoutMs ?? WORKER_LIMITS.requestMs);
    const { body } = parts;
    const isBytes = body instanceof Uint8Array || body instanceof ReadableStream;
    try {
      return await fetch(this.#baseUrl + filled, {
        method,
        headers: {
          authorization: `Bearer ${parts.token ?? this.#secret}`,
          ...(body && !isBytes ? { 'content-type': 'application/json' } : {}),
          ...parts.headers,
        },
        ...(body ? { body: isBytes ? body : JSON.stringify(body), duplex: 'half' } : {}),
        signal: parts.signal ? AbortSignal.any([parts.signal, limit]) : limit,
      });
    } catch (cause) {
      parts.signal?.throwIfAborted();
      const why = limit.aborted ? 'no answer in time' : reasonOf(cause);
      throw new KilnError('client.unreachable', `${route}: the server at ${this.#baseUrl} is not reached: ${why}`, {
        cause,
      });
    }
  }
}

/** What a server answers that has no such route. */
const WITHOUT_EXCHANGE = new Set(['resource.not_found', 'request.unsupported_media_type']);

const keyOf = ({ attemptId, leaseToken }: LeaseKey): LeaseKey => ({ attemptId, leaseToken });

const bodyOf = (content: FrameFile['content'], sizeBytes: number) => {
  if (content instanceof Uint8Array) return content;
  const { diskPath, from: start = 0 } = content;
  return Readable.toWeb(createReadStream(diskPath, { start, end: start + sizeBytes - 1 }));
};

const attemptParts = ({ attemptId, leaseToken }: LeaseKey, signal: AbortSignal) => ({
  params: { attemptId },
  headers: { [LEASE_HEADER]: leaseToken },
  signal,
});

/** `fetch` hides the reason in its error's cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
