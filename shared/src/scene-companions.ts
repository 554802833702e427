/**
 * Which files belong to a scene that is not glTF. These formats name files in many ways (absolute paths of the author's
 * machine, backslashes, without their folder), so a file belongs to the scene when its bare name stands in the entry, or
 * in a material library that does.
 */
import { formatOf, SCENE_FORMATS } from './scene-formats.ts';

/** Endings of what a scene may refer to. */
const REFERABLE = /\.(?:png|jpe?g|webp|avif|ktx2|bmp|gif|tga|tiff?|mtl|bin)(?![\p{L}\p{N}])/giu;
/** Longest file name of common systems, in characters. */
const NAME_CHARS = 255;
const SEPARATOR = /[\\/"'<>|:\p{Cc}]/u;

/** What operating systems leave in folders and archives. */
const LITTER = /(^|\/)(\.[^/]+|__MACOSX|Thumbs\.db|desktop\.ini)(\/|$)/i;

export const isLitter = (path: string): boolean => LITTER.test(path);

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/**
 * The files among `paths` that the scene refers to, the entry left out.
 *
 * @param entry path of a scene's file.
 * @param read the text of a file in chunks, decoded as UTF-8 whatever it is.
 */
export async function companionsOf(
  entry: string,
  paths: readonly string[],
  read: (path: string) => AsyncIterable<string>,
): Promise<string[]> {
  const format = formatOf(entry);
  if (format === null || !SCENE_FORMATS[format].hasCompanions) return [];
  const found = new Set<string>();
  const others = paths.filter((path) => path !== entry);
  const waiting = [entry];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const names = await namesIn(read(path));
    for (const other of others) {
      if (found.has(other) || !isNamed(baseName(other), names)) continue;
      found.add(other);
      if (/\.mtl$/i.test(other)) waiting.push(other);
    }
  }
  return others.filter((path) => found.has(path));
}

/** Everything in a text that may end in a file's name, lower case, as written and with percent signs decoded. */
async function namesIn(chunks: AsyncIterable<string>): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  let before = '';
  for await (const chunk of chunks) {
    const text = before + chunk;
    for (const { index, 0: ending } of text.matchAll(REFERABLE)) {
      const end = index + ending.length;
      let start = index;
      while (start > 0 && end - start < NAME_CHARS && !SEPARATOR.test(text.charAt(start - 1))) start -= 1;
      const name = text.slice(start, end).toLowerCase();
      names.add(name);
      names.add(decoded(name));
    }
    before = text.slice(-NAME_CHARS);
  }
  return names;
}

/** What comes before a name in its line, as in `map_Kd -s 1 1 1 wood.png`, is no part of it. */
function isNamed(fileName: string, names: ReadonlySet<string>): boolean {
  const name = fileName.toLowerCase();
  if (names.has(name)) return true;
  for (const found of names) if (found.endsWith(name)) return true;
  return false;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
