/**
 * Tokens of live views: `kilnv_<20 characters of its id>.<seconds since 1970 at which it expires>.<HMAC-SHA256 of that>`. One
 * that is forged is refused without a look at the database; what it opens is in its row.
 */
import { createHmac } from 'node:crypto';
import { sameSecret } from '../workers/secrets.ts';

const TOKEN = /^(kilnv_([0-9a-hjkmnp-tv-z]{20})\.(\d{10,11}))\.([A-Za-z0-9_-]{43})$/;

export interface SignedToken {
  /** `tok_…` */
  readonly id: string;
  readonly expiresAt: Date;
}

export function tokenText({ id, expiresAt }: SignedToken, key: string): string {
  const signed = `kilnv_${id.slice('tok_'.length)}.${Math.floor(expiresAt.getTime() / 1_000)}`;
  return `${signed}.${signatureOf(signed, key)}`;
}

/** Null when it is none that was signed with this key. */
export function readToken(text: string, key: string): SignedToken | null {
  const [, signed, id, expiresSec, signature] = TOKEN.exec(text) ?? [];
  if (signed === undefined || signature === undefined || !sameSecret(signature, signatureOf(signed, key))) return null;
  return { id: `tok_${id}`, expiresAt: new Date(Number(expiresSec) * 1_000) };
}

const signatureOf = (signed: string, key: string) => createHmac('sha256', key).update(signed).digest('base64url');
