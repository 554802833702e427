/**
 * API keys: `kiln_<20 characters of its id>_<secret>`. The id finds the row, the secret's SHA-256 is in it: a secret of
 * 256 random bits needs no slow hash.
 */

import type { RandomBytes } from '../services.ts';
import { hashSecret, newSecret, sameSecret } from '../workers/secrets.ts';

export interface NewApiKey {
  /** `key_…` */
  readonly id: string;
  /** Shown once. */
  readonly text: string;
  readonly secretHash: string;
}

const KEY = /^kiln_([0-9a-hjkmnp-tv-z]{20})_([A-Za-z0-9_-]{43})$/;

export function newApiKey(newId: (kind: 'key') => string, random: RandomBytes): NewApiKey {
  const id = newId('key');
  const secret = newSecret(random);
  return { id, text: `kiln_${id.slice('key_'.length)}_${secret}`, secretHash: hashSecret(secret) };
}

/** Null when it has not the form of a key. */
export function parseApiKey(text: string): { readonly id: string; readonly secret: string } | null {
  const [, id, secret] = KEY.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id: `key_${id}`, secret };
}

export const isSecretOf = (secret: string, secretHash: string): boolean => sameSecret(hashSecret(secret), secretHash);
