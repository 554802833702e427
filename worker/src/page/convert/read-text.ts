import { refuse } from '../import/refuse.ts';
import { PAGE_LIMITS } from '../limits.ts';

/**
 * Text of a file in a format of text. What is not UTF-8 is read as Windows-1252: old programs write names so.
 *
 * @throws KilnError `scene.over_limit`.
 */
export function readText(bytes: Uint8Array, path: string): string {
  if (bytes.length > PAGE_LIMITS.textBytes) {
    const limit = PAGE_LIMITS.textBytes.toLocaleString('en');
    throw refuse(
      'scene.over_limit',
      `${path} has more than ${limit} bytes of text: export the scene as GLB, or divide it.`,
      path,
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
