import { baseName, referenceOf } from '@kiln/shared';
import type { PageScene } from '../contract.ts';

/**
 * The scene's file that a reference means. Formats of the desktop name files by absolute paths of the author's machine
 * and with backslashes: where nothing lies at the path itself, the file of the same name counts, and among several the
 * one whose folders fit best.
 *
 * @param from path of the file that refers.
 * @returns null when there is none. Nothing outside of the scene is ever meant.
 */
export function findFile({ files }: PageScene, from: string, reference: string): string | null {
  const there = new Set(files.map(({ path }) => path));
  const plain = reference.replace(/\?.*$/s, '');
  for (const spelling of [reference, plain]) {
    const found = referenceOf(from, spelling).paths.find((path) => there.has(path));
    if (found !== undefined) return found;
  }
  const wanted = decoded(plain).replaceAll('\\', '/').toLowerCase().split('/');
  const name = wanted.at(-1);
  const [best] = files
    .filter(({ path }) => baseName(path).toLowerCase() === name)
    .map(({ path }) => ({ path, fit: commonEnd(path.toLowerCase().split('/'), wanted) }))
    .sort((a, b) => b.fit - a.fit);
  return best?.path ?? null;
}

/** Parts that two paths have in common at their ends. */
function commonEnd(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a[a.length - 1 - count] === b[b.length - 1 - count]) count += 1;
  return count;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A bare % that is part of the name.
    return text;
  }
}
