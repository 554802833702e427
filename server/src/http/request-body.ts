/**
 * Bodies of uploads, read from the first moment on: when a line is cut, Node throws away what it has received and nobody
 * has read yet, and a client on a bad line would never get past the time that it takes to look its key up.
 */
import type { IncomingMessage } from 'node:http';
import { KilnError } from '@kiln/shared';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { SERVER_LIMITS } from '../limits.ts';

/** Content type of uploads: tus 1.0.0, section "PATCH". */
const UPLOAD_TYPE = 'application/offset+octet-stream';

declare module 'fastify' {
  interface FastifyRequest {
    /** Present when the request's content type is `UPLOAD_TYPE`. */
    uploadBody: RequestBody | null;
  }
}

export class RequestBody implements AsyncIterable<Uint8Array> {
  readonly #raw: IncomingMessage;
  readonly #queue: Buffer[] = [];
  #queuedBytes = 0;
  #isDiscarding = false;
  #end: { readonly error: Error | null } | null = null;
  #wake = () => {};

  constructor(raw: IncomingMessage) {
    this.#raw = raw;
    raw.on('data', (chunk: Buffer) => this.#take(chunk));
    raw.on('end', () => this.#finish(null));
    raw.on('error', (error) => this.#finish(error));
    raw.on('close', () => this.#finish(new Error('the line was cut')));
  }

  #take(chunk: Buffer): void {
    if (this.#isDiscarding || this.#end !== null) return;
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.byteLength;
    if (this.#queuedBytes >= SERVER_LIMITS.queuedBodyBytes) this.#raw.pause();
    this.#wake();
  }

  #finish(error: Error | null): void {
    this.#end ??= { error };
    this.#wake();
  }

  /** What was received comes first, then the error: not a byte that came is lost. */
  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      const chunk = this.#queue.shift();
      if (chunk !== undefined) {
        this.#queuedBytes -= chunk.byteLength;
        if (this.#queuedBytes < SERVER_LIMITS.queuedBodyBytes && this.#raw.isPaused()) this.#raw.resume();
        yield chunk;
      } else if (this.#end !== null) {
        if (this.#end.error !== null) throw this.#end.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /** Ends the body where it is, and the connection with it. */
  cut(error: KilnError): void {
    this.#finish(error);
    this.#raw.destroy();
  }

  /** Nobody wants the rest. */
  discard(): void {
    this.#isDiscarding = true;
    this.#queue.length = 0;
    this.#raw.resume();
  }
}

/** Must be registered before every hook that waits for something. */
export function registerRequestBodies(app: FastifyInstance): void {
  app.decorateRequest('uploadBody', null);
  app.addHook('onRequest', async (request) => {
    if (request.headers['content-type'] === UPLOAD_TYPE) request.uploadBody = new RequestBody(request.raw);
  });
  app.addHook('onError', async (request) => request.uploadBody?.discard());
  app.addContentTypeParser(UPLOAD_TYPE, (_request, _payload, done) => done(null));
}

/** @throws KilnError `request.unsupported_media_type` when the request carries no upload. */
export function uploadBodyOf(request: FastifyRequest): RequestBody {
  if (request.uploadBody !== null) return request.uploadBody;
  throw new KilnError('request.unsupported_media_type', `expected \`Content-Type: ${UPLOAD_TYPE}\``);
}
