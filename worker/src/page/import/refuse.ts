import { type ErrorCode, KilnError, type Refusal } from '@kiln/shared';
import { PAGE_LIMITS } from '../limits.ts';
import { plainText } from '../plain-text.ts';

/**
 * Why a scene is refused. The message says what is wrong and what to do.
 *
 * @param place JSON Pointer into the glTF, or a file's path.
 */
export const refuse = (code: ErrorCode, message: string, place: string | null = null): KilnError =>
  new KilnError(code, message, place === null ? {} : { field: place });

/** A scene's error as a refusal, which is final; null for anything that is not the scene's fault or may pass. */
export function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof KilnError) || !error.code.startsWith('scene.') || error.retryable) return null;
  const cut = (text: string) => plainText(text, PAGE_LIMITS.messageChars);
  return {
    code: error.code,
    message: cut(error.message),
    pointer: error.field === undefined ? null : cut(error.field),
  };
}
