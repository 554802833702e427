/**
 * A schema as a function that checks values, put together from closures. What closures do not know is left to others, so
 * that a page which needs none of it does not load it.
 *
 * Rejected, with the milliseconds for a page of 1,000 frames, cold on a busy machine and warm: typebox's interpreter (590,
 * 31: a browser shows no picture meanwhile), and its compiler (32, 1.2), whose `eval` a page's content policy forbids. This
 * takes 19 and 1.6. A test holds it to what typebox says of every schema here.
 */

import type { TSchema } from 'typebox';

export type SchemaCheck = (value: unknown) => boolean;

/** What closures do not know. */
export interface Others {
  /** The check of a schema; it may be kept. */
  check(schema: TSchema): SchemaCheck;
  /** Whether a text is in a format of this name. */
  hasFormat(name: string, text: string): boolean;
}

/** Null for a schema with a keyword that is not known here. It is read as the plain JSON that it is. */
export function closureOf(schema: TSchema, others: Others): SchemaCheck | null {
  const variants = keyword(schema, 'anyOf');
  if (Array.isArray(variants)) return has(schema, 'anyOf') ? checkUnion(variants, others) : null;
  if (Object.hasOwn(schema, 'const')) return checkLiteral(schema);
  const values = keyword(schema, 'enum');
  if (Array.isArray(values)) return has(schema, 'type', 'enum') ? checkEnum(values) : null;
  switch (keyword(schema, 'type')) {
    case 'object':
      return checkObject(schema, others);
    case 'array':
      return Array.isArray(keyword(schema, 'items')) ? checkTuple(schema, others) : checkArray(schema, others);
    case 'string':
      return checkString(schema, others);
    case 'integer':
      return checkNumber(schema, Number.isInteger);
    case 'number':
      return checkNumber(schema, Number.isFinite);
    case 'boolean':
      return has(schema, 'type') ? (value) => typeof value === 'boolean' : null;
    case 'null':
      return has(schema, 'type') ? (value) => value === null : null;
    default:
      return null;
  }
}

/** These describe and do not check. */
const ANNOTATIONS: readonly string[] = ['default', 'description', 'title', 'examples'];

/** Whether the schema has no keywords but these and annotations. */
const has = (schema: TSchema, ...keywords: readonly string[]) =>
  Object.keys(schema).every((key) => keywords.includes(key) || ANNOTATIONS.includes(key));

const keyword = (schema: TSchema, name: string): unknown => Reflect.get(schema, name);

function numberIn(schema: TSchema, name: string, otherwise: number): number {
  const value = keyword(schema, name);
  return typeof value === 'number' ? value : otherwise;
}

function checkUnion(variants: readonly TSchema[], others: Others): SchemaCheck {
  const checks = variants.map((variant) => others.check(variant));
  return (value) => checks.some((check) => check(value));
}

function checkLiteral(schema: TSchema): SchemaCheck | null {
  const literal = keyword(schema, 'const');
  return has(schema, 'type', 'const') ? (value) => value === literal : null;
}

function checkEnum(values: readonly unknown[]): SchemaCheck {
  const known = new Set(values);
  return (value) => known.has(value);
}

function checkObject(schema: TSchema, others: Others): SchemaCheck | null {
  const properties = keyword(schema, 'properties');
  if (!isRecord(properties) || !has(schema, 'type', 'properties', 'required', 'additionalProperties')) return null;
  const extra = keyword(schema, 'additionalProperties');
  if (extra !== undefined && typeof extra !== 'boolean') return null;
  const required = keyword(schema, 'required');
  const fields = Object.entries(properties).map(([key, part]) => ({
    key,
    check: others.check(part as TSchema),
    isRequired: Array.isArray(required) && required.includes(key),
  }));
  return (value) => {
    if (!isRecord(value)) return false;
    for (const { key, check, isRequired } of fields) {
      const part = Object.hasOwn(value, key) ? value[key] : undefined;
      if (part === undefined ? isRequired : !check(part)) return false;
    }
    return extra !== false || Object.keys(value).every((key) => Object.hasOwn(properties, key));
  };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function checkTuple(schema: TSchema, others: Others): SchemaCheck | null {
  const items = keyword(schema, 'items');
  if (!Array.isArray(items) || !has(schema, 'type', 'items', 'minItems', 'additionalItems')) return null;
  const checks = items.map((item: TSchema) => others.check(item));
  return (value) =>
    Array.isArray(value) && value.length === checks.length && checks.every((check, index) => check(value[index]));
}

function checkArray(schema: TSchema, others: Others): SchemaCheck | null {
  const items = keyword(schema, 'items');
  if (!isRecord(items) || !has(schema, 'type', 'items', 'minItems', 'maxItems')) return null;
  const check = others.check(items as TSchema);
  const least = numberIn(schema, 'minItems', 0);
  const most = numberIn(schema, 'maxItems', Number.POSITIVE_INFINITY);
  return (value) => Array.isArray(value) && value.length >= least && value.length <= most && value.every(check);
}

function checkString(schema: TSchema, others: Others): SchemaCheck | null {
  if (!has(schema, 'type', 'minLength', 'maxLength', 'pattern', 'format')) return null;
  const least = numberIn(schema, 'minLength', 0);
  const most = numberIn(schema, 'maxLength', Number.POSITIVE_INFINITY);
  const source = keyword(schema, 'pattern');
  const pattern = source === undefined ? null : new RegExp(String(source), 'u');
  const format = keyword(schema, 'format');
  return (value) =>
    typeof value === 'string' &&
    hasLength(value, least, most) &&
    (pattern === null || pattern.test(value)) &&
    (format === undefined || others.hasFormat(String(format), value));
}

/** JSON Schema counts code points: each takes one or two of a string's units. */
function hasLength(text: string, least: number, most: number): boolean {
  if (text.length >= 2 * least && text.length <= most) return true;
  if (text.length < least || text.length > 2 * most) return false;
  let points = 0;
  for (const _ of text) points++;
  return points >= least && points <= most;
}

function checkNumber(schema: TSchema, isKind: (value: unknown) => boolean): SchemaCheck | null {
  if (!has(schema, 'type', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum')) return null;
  const least = numberIn(schema, 'minimum', Number.NEGATIVE_INFINITY);
  const most = numberIn(schema, 'maximum', Number.POSITIVE_INFINITY);
  const above = numberIn(schema, 'exclusiveMinimum', Number.NEGATIVE_INFINITY);
  const under = numberIn(schema, 'exclusiveMaximum', Number.POSITIVE_INFINITY);
  return (value) =>
    typeof value === 'number' && isKind(value) && value >= least && value <= most && value > above && value < under;
}
