/** Schemas and values in words, for error messages. */

import type { TSchema } from 'typebox';
import * as Type from 'typebox';

/** What a schema takes: `an integer from 1 to 8192`, `one of png, jpeg, webp`. */
export function describeSchema(schema: TSchema): string {
  if (Type.IsUnion(schema)) return describeUnion(schema.anyOf);
  if (Type.IsLiteral(schema)) return JSON.stringify(schema.const);
  if (Type.IsEnum(schema)) return `one of ${schema.enum.join(', ')}`;
  if (Type.IsInteger(schema)) return `an integer${bounds(schema)}`;
  if (Type.IsNumber(schema)) return `a number${bounds(schema)}`;
  if (Type.IsString(schema)) return describeString(schema);
  if (Type.IsBoolean(schema)) return 'true or false';
  if (Type.IsNull(schema)) return 'null';
  if (Type.IsTuple(schema)) return `a list of ${schema.items.length}`;
  if (Type.IsArray(schema)) return `a list${counted(schema, 'minItems', 'maxItems', 'items')}`;
  if (Type.IsObject(schema)) return 'an object';
  return 'another value';
}

/** What came, short enough for a message and without the whole of a long text. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') {
    return value.length > LONGEST_QUOTE ? `text of ${value.length} characters` : JSON.stringify(value);
  }
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

/** Characters of a text that a message repeats. */
const LONGEST_QUOTE = 60;

function describeUnion(variants: readonly TSchema[]): string {
  return [...new Set(variants.map(describeSchema))].join(' or ');
}

/** A keyword of JSON Schema, which the static type of a schema does not carry. */
function numberIn(schema: TSchema, keyword: string): number | undefined {
  const value: unknown = Reflect.get(schema, keyword);
  return typeof value === 'number' ? value : undefined;
}

function textIn(schema: TSchema, keyword: string): string | undefined {
  const value: unknown = Reflect.get(schema, keyword);
  return typeof value === 'string' ? value : undefined;
}

function bounds(schema: TSchema): string {
  const least = numberIn(schema, 'minimum');
  const most = numberIn(schema, 'maximum');
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`;
  const above = numberIn(schema, 'exclusiveMinimum');
  const under = numberIn(schema, 'exclusiveMaximum');
  const words: string[] = [];
  if (least !== undefined) words.push(`at least ${least}`);
  if (above !== undefined) words.push(`above ${above}`);
  if (most !== undefined) words.push(`at most ${most}`);
  if (under !== undefined) words.push(`below ${under}`);
  return words.length === 0 ? '' : ` ${words.join(' and ')}`;
}

function describeString(schema: TSchema): string {
  if (textIn(schema, 'format') === 'date-time') return 'a time as in 2026-01-31T12:00:00.000Z';
  const pattern = textIn(schema, 'pattern');
  if (pattern === undefined) return `text${counted(schema, 'minLength', 'maxLength', 'characters')}`;
  const description = textIn(schema, 'description');
  if (description === undefined) return `text that matches ${pattern}`;
  return `the ${description.replace(/\.$/, '').replace(/^[A-Z](?![A-Z])/, (letter) => letter.toLowerCase())}`;
}

function counted(schema: TSchema, leastKeyword: string, mostKeyword: string, unit: string): string {
  const least = numberIn(schema, leastKeyword);
  const most = numberIn(schema, mostKeyword);
  if (most !== undefined) return ` of ${least ?? 0} to ${most} ${unit}`;
  return least === undefined ? '' : ` of at least ${least} ${unit}`;
}
