/** Whatever fails becomes an `ErrorBody` of the shared table. Stacks, paths and secrets stay in the log. */
import type { IncomingMessage } from 'node:http';
import { type ErrorBody, type ErrorCode, KilnError } from '@kiln/shared';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SERVER_LIMITS } from '../limits.ts';
import { errorCodeOf, isDiskFull } from '../objects/disk-errors.ts';
import { isBadData, isStoreFull, isStoreUnavailable } from '../store/sql-state.ts';

/** Errors of Fastify itself that a client causes. */
const FASTIFY_ERRORS: ReadonlyMap<string, readonly [ErrorCode, string]> = new Map([
  ['FST_ERR_CTP_INVALID_JSON_BODY', ['request.bad_json', 'the body is not JSON']],
  ['FST_ERR_CTP_EMPTY_JSON_BODY', ['request.bad_json', 'the body is empty where JSON was expected']],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', ['request.invalid', 'Content-Length and the body’s length differ']],
  ['FST_ERR_CTP_BODY_TOO_LARGE', ['request.too_large', 'the body is larger than this route takes']],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', ['request.unsupported_media_type', 'expected `Content-Type: application/json`']],
  ['FST_ERR_BAD_URL', ['request.invalid', 'the path cannot be decoded']],
  ['FST_ERR_MAX_LIMIT_REACHED', ['request.too_many', 'too many requests']],
]);

/** What else Fastify or a plugin of it refuses, by the status that it would answer: a path that leads out of a folder. */
const CLIENT_FAULTS: ReadonlyMap<number, readonly [ErrorCode, string]> = new Map([
  [403, ['resource.not_found', 'there is nothing at this path']],
  [404, ['resource.not_found', 'there is nothing at this path']],
  [413, ['request.too_large', 'the request is larger than this route takes']],
  [415, ['request.unsupported_media_type', 'this route does not take such a body']],
  [429, ['request.too_many', 'too many requests']],
]);
const CLIENT_FAULT: readonly [ErrorCode, string] = ['request.invalid', 'the request cannot be read'];

const isClientsFault = (error: unknown): error is { readonly statusCode: number } =>
  error instanceof Error &&
  'statusCode' in error &&
  typeof error.statusCode === 'number' &&
  error.statusCode >= 400 &&
  error.statusCode < 500;

/** Any failure as one that a client may be told. */
export function asKilnError(error: unknown): KilnError {
  if (error instanceof KilnError) return error;
  const known = FASTIFY_ERRORS.get(errorCodeOf(error) ?? '');
  if (known !== undefined) return new KilnError(known[0], known[1], { cause: error });
  if (isClientsFault(error)) {
    const [code, message] = CLIENT_FAULTS.get(error.statusCode) ?? CLIENT_FAULT;
    return new KilnError(code, message, { cause: error });
  }
  if (isDiskFull(error) || isStoreFull(error)) {
    return new KilnError('storage.full', 'the farm’s disk is full: its operator must free space', { cause: error });
  }
  if (isStoreUnavailable(error)) {
    return new KilnError('storage.unavailable', 'the database does not answer: try again soon', { cause: error });
  }
  if (isBadData(error)) {
    return new KilnError('request.invalid', 'the database cannot hold a text or number of this request', {
      cause: error,
    });
  }
  return new KilnError('server.internal', 'something failed inside; the log has more under this request id', {
    cause: error,
  });
}

export function errorBody(error: KilnError, requestId: string): ErrorBody {
  const { code, message, field, position, retryable } = error;
  return {
    error: {
      code,
      message,
      ...(field === undefined ? {} : { field }),
      ...(position === undefined ? {} : { position }),
      retryable,
      requestId,
    },
  };
}

export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const told = asKilnError(error);
  const log = { err: error, code: told.code };
  if (told.status >= 500 && told.code !== 'server.draining') request.log.error(log, 'the request failed');
  else request.log.debug(log, 'the request was refused');
  discardBody(request.raw);
  void reply.code(told.status).type('application/json; charset=utf-8').send(errorBody(told, request.id));
}

/**
 * A client reads its answer only when it has sent its body, and never when the connection is reset before: what is left
 * of the body is read and thrown away, within a limit.
 */
function discardBody(request: IncomingMessage): void {
  if (request.complete) return;
  let left = SERVER_LIMITS.discardedBytes;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.byteLength;
    if (left < 0) request.destroy();
  });
  request.on('error', () => {});
}

export function registerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
}
