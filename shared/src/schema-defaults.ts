/** Defaults that a schema names, filled in. */

import type { Static, TSchema } from 'typebox';
import * as Type from 'typebox';
import { matches, parse } from './validate.ts';

/**
 * `value` with every absent field set to its schema's default, and the fields of all objects in the order of the schema:
 * two values that mean the same are the same as JSON. Fields that the schema does not know are left out.
 *
 * @param what names the value in the message: `the job`.
 * @throws KilnError `request.invalid` when the result is not what the schema describes.
 */
export function withDefaults<T extends TSchema>(schema: T, value: unknown, what: string): Static<T> {
  return parse(schema, completed(schema, value), what);
}

/** The same of what was checked when it was stored, by an earlier version: nothing is refused. */
export const withLaterDefaults = <T extends TSchema>(schema: T, value: Static<T>): Static<T> =>
  completed(schema, value) as Static<T>;

function completed(schema: TSchema, value: unknown): unknown {
  if (value === undefined) return 'default' in schema ? schema.default : undefined;
  if (Type.IsUnion(schema)) {
    const variant = schema.anyOf.find((candidate) => matches(candidate, value));
    return variant ? completed(variant, value) : value;
  }
  if (Type.IsArray(schema) && Array.isArray(value)) return value.map((item) => completed(schema.items, item));
  if (!Type.IsObject(schema) || typeof value !== 'object' || value === null) return value;
  const whole: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(schema.properties)) {
    const filled = completed(part, Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined);
    if (filled !== undefined) whole[key] = filled;
  }
  return whole;
}
