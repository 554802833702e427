/** Where a value first departs from its schema, in words for people. */

import type { TSchema } from 'typebox';
import * as Type from 'typebox';
import { schemaCheck } from './schema-check.ts';
import { describeSchema, describeValue } from './schema-words.ts';

export interface SchemaFault {
  /** JSON Pointer of the part at fault; '' is the whole. */
  readonly field: string;
  readonly message: string;
}

/**
 * The first fault of `value`, in the order of the schema's fields. Of a union it is the fault within the variant that
 * the value's own `type` (or other constant field) names, or that its fields fit best.
 *
 * @param what names the whole in the message: `the job`.
 */
export function explainFault(schema: TSchema, value: unknown, what: string): SchemaFault {
  const fault = faultIn(schema, value, '') ?? expected(schema, value, '');
  const place = fault.field === '' ? what : `${fault.field} of ${what}`;
  return { field: fault.field, message: fault.say(place) };
}

interface Fault {
  readonly field: string;
  readonly say: (place: string) => string;
}

const expected = (schema: TSchema, value: unknown, field: string): Fault => ({
  field,
  say: (place) => `expected ${describeSchema(schema)} as ${place}, got ${describeValue(value)}`,
});

const missing = (schema: TSchema, field: string): Fault => ({
  field,
  say: (place) => `${place} is missing: expected ${describeSchema(schema)}`,
});

const unknownField = (known: readonly string[], field: string): Fault => ({
  field,
  say: (place) => `${place} is not known; known there are ${known.join(', ')}`,
});

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One step down a JSON Pointer (RFC 6901, section 3). */
const below = (field: string, key: string | number) =>
  `${field}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;

function faultIn(schema: TSchema, value: unknown, field: string): Fault | null {
  if (schemaCheck(schema)(value)) return null;
  if (Type.IsUnion(schema)) return faultInUnion(schema, value, field);
  if (Type.IsObject(schema) && isRecord(value)) return faultInObject(schema, value, field);
  if (Array.isArray(value)) {
    const items: unknown[] = value;
    const itemSchema = (index: number) =>
      Type.IsTuple(schema) ? schema.items[index] : Type.IsArray(schema) ? schema.items : undefined;
    for (const [index, item] of items.entries()) {
      const part = itemSchema(index);
      const fault = part && faultIn(part, item, below(field, index));
      if (fault) return fault;
    }
  }
  return expected(schema, value, field);
}

function faultInObject(schema: Type.TObject, value: Readonly<Record<string, unknown>>, field: string): Fault | null {
  const required: readonly string[] = schema.required ?? [];
  for (const [key, part] of Object.entries(schema.properties)) {
    if (Object.hasOwn(value, key)) {
      const fault = faultIn(part, value[key], below(field, key));
      if (fault) return fault;
    } else if (required.includes(key)) {
      return missing(part, below(field, key));
    }
  }
  const extra = Object.keys(value).find((key) => !Object.hasOwn(schema.properties, key));
  return extra === undefined ? null : unknownField(Object.keys(schema.properties), below(field, extra));
}

/** The first of the variants with the fewest fields that are unknown or missing. */
function likeliest(variants: readonly Type.TObject[], value: Readonly<Record<string, unknown>>) {
  const misfit = ({ properties, required }: Type.TObject) => {
    const needed: readonly string[] = required ?? [];
    const unknown = Object.keys(value).filter((key) => !Object.hasOwn(properties, key));
    return unknown.length + needed.filter((key) => !Object.hasOwn(value, key)).length;
  };
  return variants.toSorted((a, b) => misfit(a) - misfit(b))[0];
}

/** Variants of a union are told apart by a field that is constant in each, such as `type`, else by the fields of the value. */
function faultInUnion(schema: Type.TUnion, value: unknown, field: string): Fault | null {
  const variants = schema.anyOf.filter(Type.IsObject);
  const [first] = variants;
  if (!first || !isRecord(value)) return expected(schema, value, field);
  if (variants.length === 1) return faultIn(first, value, field);
  const constant = (variant: Type.TObject, key: string) => {
    const part = variant.properties[key];
    return Type.IsLiteral(part) ? part : undefined;
  };
  const key = Object.keys(first.properties).find((name) => variants.every((variant) => constant(variant, name)));
  if (key === undefined) return faultIn(likeliest(variants, value) ?? first, value, field);
  const variant = variants.find((candidate) => constant(candidate, key)?.const === value[key]);
  if (variant) return faultIn(variant, value, field);
  const choice = Type.Union(variants.flatMap((candidate) => constant(candidate, key) ?? []));
  return Object.hasOwn(value, key)
    ? expected(choice, value[key], below(field, key))
    : missing(choice, below(field, key));
}
