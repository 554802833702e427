/** Secrets of workers and leases: long, random, compared without telling how far they agreed. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from '../services.ts';

/** 256 random bits in URL-safe base 64. */
export const newSecret = (random: RandomBytes): string => Buffer.from(random(new Uint8Array(32))).toString('base64url');

export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Takes the same time wherever the two differ, and whatever their lengths. */
export function sameSecret(given: string, known: string): boolean {
  return timingSafeEqual(createHash('sha256').update(given).digest(), createHash('sha256').update(known).digest());
}
