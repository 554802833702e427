import { type Gltf, member } from './gltf-json.ts';

export interface TextureReference {
  /** JSON Pointer of the texture info. */
  readonly pointer: string;
  readonly material: number;
  /** Index into `textures`; not checked. */
  readonly texture: number;
}

/** Deepest nesting of a texture info inside a material: `extensions`, the extension, the info. */
const DEPTH = 4;

/** Every texture that a material names, extensions included: whatever has `index` under a key that ends in "Texture". */
export function* textureReferences(gltf: Gltf): Generator<TextureReference> {
  for (const [material, def] of (gltf.materials ?? []).entries()) {
    yield* within(def, material, `/materials/${material}`, DEPTH);
  }
}

function* within(value: unknown, material: number, pointer: string, depth: number): Generator<TextureReference> {
  if (typeof value !== 'object' || value === null || depth === 0) return;
  for (const [key, part] of Object.entries(value)) {
    if (key === 'extras' || typeof part !== 'object') continue;
    const here = `${pointer}/${key}`;
    const texture = /texture$/i.test(key) ? member(part, 'index') : undefined;
    if (typeof texture === 'number') yield { pointer: here, material, texture };
    else yield* within(part, material, here, depth - 1);
  }
}
