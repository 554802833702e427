import type { IncomingHttpHeaders } from 'node:http';
import { KilnError, parseJson } from '@kiln/shared';
import type { Static, TSchema } from 'typebox';

/** What a worker says beside bytes, as URI-encoded JSON. @throws KilnError `request.invalid` */
export function readResult<T extends TSchema>(schema: T, headers: IncomingHttpHeaders, name: string): Static<T> {
  const header = headers[name];
  if (typeof header !== 'string') throw new KilnError('request.invalid', `expected the result as the header ${name}`);
  let text: string;
  try {
    text = decodeURIComponent(header);
  } catch (cause) {
    throw new KilnError('request.invalid', `the header ${name} is not URI-encoded`, { cause });
  }
  return parseJson(schema, text, `the header ${name}`);
}
