import { LIMITS } from '@kiln/shared';

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
  return things.map((thing, index) => {
    const base = thing.name?.slice(0, LIMITS.nameChars - 8) || `${prefix}-${index}`;
    let name = base;
    for (let count = 2; used.has(name); count += 1) name = `${base}-${count}`;
    used.add(name);
    return name;
  });
}
