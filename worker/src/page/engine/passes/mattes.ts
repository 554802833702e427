/**
 * Ids of objects and materials, as the Cryptomatte specification 1.2.0 has them: the hash of a name, whose bits are those
 * of a float that is neither zero, denormal, infinite nor no number.
 */
import { Group, type Material } from 'three';
import { type Drawable, isDrawable } from '../../scene/drawable.ts';
import type { LoadedScene } from '../../scene/loaded-scene.ts';
import { uniqueNames } from '../../scene/unique-names.ts';
import { murmurHash32 } from './murmur-hash.ts';

/** Names and their ids, eight hexadecimal digits. */
type MatteManifest = Readonly<Record<string, string>>;

export interface MatteManifests {
  readonly object: MatteManifest;
  readonly material: MatteManifest;
}

const EXPONENT = 0x7f80_0000;
const LOWEST_EXPONENT_BIT = 0x0080_0000;

/** Bits of the float that stands for a name. */
export function matteBits(name: string): number {
  const hash = murmurHash32(name);
  const exponent = hash & EXPONENT;
  return exponent === 0 || exponent === EXPONENT ? (hash ^ LOWEST_EXPONENT_BIT) >>> 0 : hash;
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

function matteId(name: string): number {
  word[0] = matteBits(name);
  return float[0] ?? 0;
}

/** What the things of a scene are called in mattes. */
export class SceneMattes {
  readonly manifests: MatteManifests;
  readonly #objects = new Map<Drawable, string>();
  readonly #materials = new Map<Material, string>();

  constructor({ stage, materials }: LoadedScene) {
    const drawables: Drawable[] = [];
    stage.traverse((object) => {
      if (isDrawable(object)) drawables.push(object);
    });
    // The parts of a mesh with several materials are one object.
    const owners = drawables.map((object) =>
      object.parent instanceof Group && object.parent.parent !== stage ? object.parent : object,
    );
    const distinct = [...new Set(owners)];
    const names = uniqueNames(
      distinct.map(({ name, userData }) => ({ name: typeof userData.name === 'string' ? userData.name : name })),
      'object',
    );
    const nameOf = new Map(distinct.map((owner, index) => [owner, names[index] ?? '']));
    for (const [index, object] of drawables.entries()) {
      this.#objects.set(object, nameOf.get(owners[index] ?? object) ?? '');
    }
    // Materials of one name, of which the loader makes some, are one.
    for (const [index, material] of materials.entries()) {
      this.#materials.set(material, material.name || `material-${index}`);
    }
    this.manifests = { object: manifest(this.#objects.values()), material: manifest(this.#materials.values()) };
  }

  /** 32 bits that belong to an object. */
  seedOf(object: Drawable): number {
    return matteBits(this.#objects.get(object) ?? '');
  }

  /** @returns the floats that stand for the object and for its material. */
  idsOf(object: Drawable, material: Material): readonly [number, number] {
    return [matteId(this.#objects.get(object) ?? ''), matteId(this.#materials.get(material) ?? '')];
  }
}

const manifest = (names: Iterable<string>): MatteManifest =>
  Object.fromEntries([...new Set(names)].map((name) => [name, matteBits(name).toString(16).padStart(8, '0')]));
