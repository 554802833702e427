/** Nodes and materials of a scene, as a job names them: by the name that the import report gives, or `/nodes/7`. */

/**
 * @param kind the list of the glTF that `text` may point into.
 * @param count of all; the names may be fewer.
 * @returns the index in that list, or null when there is none such.
 */
export function indexOfNamed(
  text: string,
  kind: 'nodes' | 'materials',
  names: readonly string[],
  count: number,
): number | null {
  const named = names.indexOf(text);
  if (named >= 0) return named;
  const [, list, digits] = /^\/(\w+)\/(0|[1-9]\d{0,9})$/.exec(text) ?? [];
  return list === kind && Number(digits) < count ? Number(digits) : null;
}
