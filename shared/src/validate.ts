/** Values from outside, checked against their schema. */
import type { Static, TSchema } from 'typebox';
import { KilnError } from './errors.ts';
import { schemaCheck } from './schema-check.ts';
import { explainFault } from './schema-fault.ts';

/** Whether `value` is what `schema` describes. */
export function matches<T extends TSchema>(schema: T, value: unknown): value is Static<T> {
  return schemaCheck(schema)(value);
}

/**
 * Gives `value` back with the type of its schema; nothing is converted and no default filled in.
 *
 * @param what names the value in the message: `the job`.
 * @throws KilnError `request.invalid` with the JSON Pointer of the first fault as `field`.
 */
export function parse<T extends TSchema>(schema: T, value: unknown, what: string): Static<T> {
  if (matches(schema, value)) return value;
  const { field, message } = explainFault(schema, value, what);
  throw new KilnError('request.invalid', message, { field });
}

/**
 * The same for JSON text.
 *
 * @throws KilnError `request.bad_json` when it is no JSON; `request.invalid` as `parse`.
 */
export function parseJson<T extends TSchema>(schema: T, text: string, what: string): Static<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new KilnError('request.bad_json', `expected ${what} as JSON, got ${text.length} characters that are not`, {
      cause,
    });
  }
  return parse(schema, value, what);
}
