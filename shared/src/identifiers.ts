/**
 * Identifiers: a prefix that says of what, `_`, and 20 characters of lower-case base 32 (100 random bits). They carry no
 * colon, which BullMQ's ids may not have, and read unambiguously aloud.
 */
import * as Type from 'typebox';

export const ID_PREFIXES = {
  tenant: 'ten',
  key: 'key',
  scene: 'scn',
  job: 'job',
  layer: 'lay',
  task: 'tsk',
  attempt: 'att',
  worker: 'wrk',
  session: 'ses',
  upload: 'upl',
  webhook: 'whk',
  delivery: 'dlv',
  message: 'msg',
  estimate: 'est',
  token: 'tok',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

/** Crockford's alphabet: no i, l, o, u. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * @param random fills the array with random bytes, as `crypto.getRandomValues` does.
 */
export function newId(kind: IdKind, random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): string {
  const bytes = random(new Uint8Array(20));
  let id = `${ID_PREFIXES[kind]}_`;
  for (const byte of bytes) id += ALPHABET[byte & 31];
  return id;
}

export const Id = (kind: IdKind) =>
  Type.String({ pattern: `^${ID_PREFIXES[kind]}_[0-9a-hjkmnp-tv-z]{20}$`, description: `Id of a ${kind}.` });

/** SHA-256, lower-case hexadecimal. */
export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 in lower-case hexadecimal.' });

/** RFC 3339 in UTC with milliseconds. */
export const Timestamp = Type.String({ format: 'date-time', description: 'RFC 3339, UTC.' });
