/** Errors in the words of a job file: which file, where in it, and what the field is called there. */
import { KilnError } from '@kiln/shared';
import type { JobFileText } from './job-file-text.ts';
import { fieldName, pointerBelow, pointerSteps } from './pointers.ts';

/** What fields of requests are called in the file, by the beginning of their JSON Pointer. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['sceneId', 'scene'],
  ['maxAttempts', 'retries'],
  ['frameTimeoutMs', 'timeoutMs'],
]);
const FIELDS: ReadonlySet<string> = new Set([
  'name',
  'scene',
  'layers',
  'priority',
  'retries',
  'maxFailedTasks',
  'after',
  'timeoutMs',
  'classPolicy',
  'notify',
  'user',
  'limits',
  'budget',
  'testFrames',
  'maxSlots',
  'maxPerHost',
  'requires',
  'tags',
]);

/** Errors of scenes have pointers too, into the scene's own files. */
const OF_REQUESTS = /^(request|job|resource)\./;

/** An error at a place of the file. */
export function jobFileError(text: JobFileText, pointer: string, message: string, from?: KilnError): KilnError {
  const field = fieldName(pointer);
  const isNamed = field === '' || message.startsWith(field) || message.includes(` as ${field}`);
  const said = isNamed ? message : `${field}: ${message}`;
  return new KilnError(from?.code ?? 'request.invalid', `${text.placeOf(pointer)}: ${said}`, {
    ...(field === '' ? {} : { field }),
    ...(from === undefined ? {} : { cause: from }),
    ...(from?.position === undefined ? {} : { position: from.position }),
    ...(from?.requestId === undefined ? {} : { requestId: from.requestId }),
  });
}

/** What the farm, or a check of it, says of a request that was made of the file; any other error as it is. */
export function inJobFile(error: unknown, text: JobFileText): unknown {
  if (!(error instanceof KilnError) || error.field === undefined || !OF_REQUESTS.test(error.code)) return error;
  const [first = '', ...rest] = pointerSteps(error.field);
  const name = NAMES.get(first) ?? first;
  if (!FIELDS.has(name)) return error;
  const pointer = [name, ...rest].reduce(pointerBelow, '');
  const message = [`${error.field} of the body`, error.field].reduce(
    (said, spelling) => said.replaceAll(spelling, fieldName(pointer)),
    error.message,
  );
  return jobFileError(text, pointer, message, error);
}

/** What is wrong with the thing itself, and not with the way to the farm. */
const OF_THINGS = /^(request\.invalid$|job\.|scene\.|upload\.over_limit$)/;

/** Does what concerns one value of the file: what is wrong with it is told with its place. */
export async function atPlace<T>(text: JobFileText, pointer: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KilnError) || !OF_THINGS.test(error.code)) throw error;
    const message =
      error.field === undefined ? error.message : error.message.replaceAll(error.field, fieldName(pointer));
    throw jobFileError(text, pointer, message, error);
  }
}
