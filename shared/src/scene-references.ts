/** Which files a glTF names, and what its URIs mean inside a scene: one answer for whoever sends, checks or loads it. */

const ABSOLUTE = /^([a-z][a-z0-9+.-]*:|[/\\])/i;

export const isDataUri = (uri: string): boolean => /^data:/i.test(uri);

/**
 * URIs of the resources that glTF 2.0 lets a file name (its buffers and images) without `data:` and each once. No
 * extension that is supported names others; what stands below `extras` or unknown extensions is never loaded.
 *
 * @param gltf parsed JSON, of whatever shape.
 */
export function resourceUris(gltf: unknown): string[] {
  const resources = [...membersOf(gltf, 'buffers'), ...membersOf(gltf, 'images')];
  const uris = resources.flatMap((resource) => {
    const uri = member(resource, 'uri');
    return typeof uri === 'string' && !isDataUri(uri) ? [uri] : [];
  });
  return [...new Set(uris)];
}

export interface SceneReference {
  /** Paths inside the scene that may be meant, the likeliest first. */
  readonly paths: readonly string[];
  /** Whether it can be read as something outside the scene's folder. */
  readonly leadsOut: boolean;
}

/**
 * What a URI names: as it stands or percent-decoded, with `/` or `\`.
 *
 * @param entry path of the file that has the URI, inside the scene.
 * @param uri no `data:` URI.
 */
export function referenceOf(entry: string, uri: string): SceneReference {
  const spellings = [uri, decoded(uri)].flatMap((spelling) => [spelling, spelling.replaceAll('\\', '/')]);
  const paths = spellings.map((spelling) => pathInside(entry, spelling));
  return {
    // No path inside a scene has a backslash.
    paths: [...new Set(paths.flatMap((path) => (path === null || path.includes('\\') ? [] : [path])))],
    leadsOut: paths.includes(null) || spellings.some((spelling) => ABSOLUTE.test(spelling)),
  };
}

/** Null when it leads out of the scene. */
function pathInside(entry: string, reference: string): string | null {
  const parts = entry.split('/').slice(0, -1);
  for (const part of reference.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join('/');
}

function decoded(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    // A bare % that is part of the name.
    return uri;
  }
}

function membersOf(value: unknown, key: string): readonly unknown[] {
  const list = member(value, key);
  return Array.isArray(list) ? list : [];
}

const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
