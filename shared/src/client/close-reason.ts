/** Why a socket was closed, as an error. */
import { ERROR_CODES, ERRORS, type ErrorCode, isErrorCode, KilnError } from '../errors.ts';

/**
 * A server of ours gives the error's code as the reason of the close ([WS6]). Without one, the close code decides
 * whether trying again can help: it cannot when no error that closes with this code is retryable.
 */
export function closeError(code: number, reason: string, what: string): KilnError {
  if (isErrorCode(reason)) return new KilnError(reason, `${what} was closed: ${ERRORS[reason].meaning}`);
  const candidates = ERROR_CODES.filter((name) => ERRORS[name].close === code);
  const said = reason === '' ? `code ${code}` : `code ${code}, ${reason}`;
  return new KilnError(likeliest(candidates), `${what} was closed (${said})`);
}

/**
 * The error of a connection that was refused with an HTTP status instead of being upgraded. Browsers do not tell;
 * `ws` says so in its message.
 */
export function refusalError(message: string, what: string): KilnError {
  const status = /response: (\d{3})/.exec(message)?.[1];
  const candidates = ERROR_CODES.filter((name) => String(ERRORS[name].status) === status);
  return new KilnError(likeliest(candidates), `${what} could not be opened: ${message}`);
}

/** Several errors share a status: a retryable one keeps the client trying, which is the safer mistake. */
function likeliest(candidates: readonly ErrorCode[]): ErrorCode {
  return candidates.find((name) => ERRORS[name].retryable) ?? candidates[0] ?? 'client.unreachable';
}
