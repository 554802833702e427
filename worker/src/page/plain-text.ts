import { LIMITS } from '@kiln/shared';

/**
 * Text from an untrusted file as others can show and store it: not too long, without control characters and halves of
 * surrogate pairs, which PostgreSQL's JSON refuses.
 */
export const plainText = (text: string, maxChars: number = LIMITS.nameChars): string =>
  text.slice(0, maxChars).replace(/[\p{Cc}\p{Cs}]/gu, '');
