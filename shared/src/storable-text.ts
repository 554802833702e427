/** Text as PostgreSQL takes it: no NUL, and no surrogate without its other half. */
import * as Type from 'typebox';
import { LIMITS } from './limits.ts';

/** For patterns, which are matched by code points: a surrogate in the set is one that stands alone. */
export const STORABLE_CHARS = '[^\\u0000\\ud800-\\udfff]';

const unpaired = /\p{Surrogate}/gu;
const REPLACEMENT = '\ufffd';

/** What a user gives to something: its name, a key. */
export const Name = Type.String({
  minLength: 1,
  maxLength: LIMITS.nameChars,
  pattern: `^${STORABLE_CHARS}+$`,
  description: `Text of 1 to ${LIMITS.nameChars} characters without NUL and without unpaired surrogates.`,
});

/** A copy of JSON from a program of ours, in which U+FFFD stands for what cannot be stored: a log must not fail for it. */
export function storable<T>(value: T): T;
export function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', REPLACEMENT).replace(unpaired, REPLACEMENT);
  if (Array.isArray(value)) return value.map((item: unknown) => storable(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storable(key), storable(item)]));
}
