import { LIMITS } from '@kiln/shared';
import { plainText } from '../plain-text.ts';

const SUFFIX_CHARS = 8;

/**
 * Names to choose by: each thing's own, or `prefix-index` where it has none; a name that occurs again gets `-2`, `-3` …
 *
 * @param taken names that mean something else.
 */
export function uniqueNames(
  things: readonly { readonly name?: string | undefined }[],
  prefix: string,
  taken: readonly string[] = [],
): string[] {
  const used = new Set(taken);
  const counts = new Map<string, number>();
  return things.map((thing, index) => {
    const base = plainText(thing.name ?? '', LIMITS.nameChars - SUFFIX_CHARS) || `${prefix}-${index}`;
    let name = base;
    // Goes on where the last of this name ended: a file may have a hundred thousand of them.
    for (let count = counts.get(base) ?? 2; used.has(name); count += 1) {
      name = `${base}-${count}`;
      counts.set(base, count);
    }
    used.add(name);
    return name;
  });
}
