/** An HTTP answer as a value, or as the error that it tells of. */
import type { Static, TSchema } from 'typebox';
import { type ErrorCode, isErrorCode, KilnError } from '../errors.ts';
import { ErrorBody } from '../schemas/farm.ts';
import { matches, parse } from '../validate.ts';
import type { FetchResponse } from './fetch.ts';

/** What an answer without a body of ours most likely means: something between us and the farm gave it. */
const CODE_OF_STATUS: ReadonlyMap<number, ErrorCode> = new Map([
  [401, 'identity.missing'],
  [403, 'identity.forbidden'],
  [404, 'resource.not_found'],
  [413, 'request.too_large'],
  [429, 'request.too_many'],
  [502, 'client.unreachable'],
  [503, 'client.unreachable'],
  [504, 'client.unreachable'],
]);

/**
 * @param what names the request in messages: `GET http://…`.
 * @param goodStatuses failing statuses that carry the answer's schema all the same.
 * @throws KilnError the one that the body names; `client.bad_answer` when the body is none of ours.
 */
export async function readAnswer<T extends TSchema>(
  response: FetchResponse,
  schema: T,
  what: string,
  goodStatuses: readonly number[],
): Promise<Static<T>> {
  const text = await response.text();
  const body = response.status === 204 ? {} : jsonOf(text);
  if (matches(ErrorBody, body)) throw errorOf(body);
  if (!response.ok && !goodStatuses.includes(response.status)) {
    throw new KilnError(
      CODE_OF_STATUS.get(response.status) ?? 'client.bad_answer',
      `${what} answered with status ${response.status}: ${text.slice(0, 200) || 'no body'}`,
    );
  }
  if (body === undefined) {
    throw new KilnError('client.bad_answer', `${what} did not answer JSON; is there a Kiln server at this address?`);
  }
  try {
    return parse(schema, body, `the answer to ${what}`);
  } catch (cause) {
    if (!(cause instanceof KilnError)) throw cause;
    const { field } = cause;
    throw new KilnError('client.bad_answer', cause.message, field === undefined ? { cause } : { cause, field });
  }
}

/** The error that a body carries. A code that this build does not know becomes `server.internal`, its message kept. */
export function errorOf({ error }: ErrorBody): KilnError {
  const { code, message, field, position, requestId } = error;
  const detail = {
    requestId,
    ...(field === undefined ? {} : { field }),
    ...(position === undefined ? {} : { position }),
  };
  return isErrorCode(code)
    ? new KilnError(code, message, detail)
    : new KilnError('server.internal', `${message} (${code})`, detail);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
