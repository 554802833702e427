/** What of a loaded scene stands for which part of its glTF. */
import { Light, type Material, type Object3D } from 'three';
import type { GLTF, GLTFParser } from 'three/addons/loaders/GLTFLoader.js';
import { type Drawable, isDrawable } from './drawable.ts';
import { type Gltf, member } from './gltf-json.ts';
import { materialNamesOf, nodeNamesOf, variantNamesOf } from './gltf-names.ts';
import type { SceneCamera } from './scene-camera.ts';

/** A thing with a material that it has in a variant of the scene. */
interface VariantChoice {
  readonly drawable: Drawable;
  readonly material: Material;
}

interface SceneVariant {
  readonly name: string;
  readonly choices: readonly VariantChoice[];
}

/** By index in the glTF; the loader makes several materials of some. What is not shown is not there. */
export interface SceneGraph {
  readonly nodeNames: readonly string[];
  readonly materialNames: readonly string[];
  readonly nodes: ReadonlyMap<number, Object3D>;
  readonly materials: ReadonlyMap<number, readonly Material[]>;
  readonly cameras: ReadonlyMap<number, readonly SceneCamera[]>;
  readonly lights: ReadonlyMap<number, readonly Light[]>;
  readonly variants: readonly SceneVariant[];
}

export const NO_GRAPH: SceneGraph = {
  nodeNames: [],
  materialNames: [],
  nodes: new Map(),
  materials: new Map(),
  cameras: new Map(),
  lights: new Map(),
  variants: [],
};

/** @param cameras of the scene, with the index of the glTF's camera that each shows. */
export async function readSceneGraph(
  gltf: Gltf,
  { scene, parser }: GLTF,
  cameras: readonly { readonly camera: number; readonly shown: SceneCamera }[],
): Promise<SceneGraph> {
  const nodes = new Map<number, Object3D>();
  const drawables: Drawable[] = [];
  scene.traverse((object) => {
    const node = parser.associations.get(object)?.nodes;
    // The first is the node itself; parts of its mesh hang below it.
    if (node !== undefined && !nodes.has(node)) {
      nodes.set(node, object);
      // Of which three's loader knows nothing.
      if (member(gltf.nodes?.[node]?.extensions?.KHR_node_visibility, 'visible') === false) object.visible = false;
    }
    if (isDrawable(object)) drawables.push(object);
  });
  const materials = new Map<number, Material[]>();
  const addMaterial = (index: number | undefined, material: Material) => {
    if (index === undefined) return;
    const known = materials.get(index) ?? [];
    if (!known.includes(material)) materials.set(index, [...known, material]);
  };
  const variants = variantNamesOf(gltf).map((name) => ({ name, choices: [] as VariantChoice[] }));
  for (const drawable of drawables) {
    const primitive = primitiveOf(gltf, parser, drawable);
    for (const material of [drawable.material].flat()) addMaterial(primitive?.material, material);
    for (const { index, chosenBy } of mappingsOf(primitive)) {
      const material = await materialFor(parser, drawable, index);
      addMaterial(index, material);
      for (const variant of chosenBy) variants[variant]?.choices.push({ drawable, material });
    }
  }
  return {
    nodeNames: nodeNamesOf(gltf),
    materialNames: materialNamesOf(gltf),
    nodes,
    materials,
    cameras: grouped(cameras.map(({ camera, shown }) => [camera, shown])),
    lights: grouped(lightsOf(gltf, nodes)),
    variants,
  };
}

type Primitive = NonNullable<Gltf['meshes']>[number]['primitives'][number];

function primitiveOf(gltf: Gltf, parser: GLTFParser, drawable: Drawable): Primitive | undefined {
  const reference = parser.associations.get(drawable);
  const ofNode = gltf.nodes?.[reference?.nodes ?? parser.associations.get(drawable.parent ?? drawable)?.nodes ?? -1];
  const mesh = gltf.meshes?.[reference?.meshes ?? ofNode?.mesh ?? -1];
  return mesh?.primitives[reference?.primitives ?? 0];
}

/** What KHR_materials_variants says of a part of a mesh: materials and the variants that choose them. */
function mappingsOf(primitive: Primitive | undefined): { index: number; chosenBy: number[] }[] {
  const mappings = member(primitive?.extensions?.KHR_materials_variants, 'mappings');
  if (!Array.isArray(mappings)) return [];
  return mappings.flatMap((mapping: unknown) => {
    const index = member(mapping, 'material');
    const chosenBy = member(mapping, 'variants');
    if (typeof index !== 'number' || !Array.isArray(chosenBy)) return [];
    return [{ index, chosenBy: chosenBy.filter((variant): variant is number => typeof variant === 'number') }];
  });
}

/** The material as the loader makes it for this geometry. */
async function materialFor(parser: GLTFParser, drawable: Drawable, index: number): Promise<Material> {
  const own = drawable.material;
  drawable.material = await parser.getDependency('material', index);
  // It looks at the geometry only, of points and lines too.
  Reflect.apply(parser.assignFinalMaterial, parser, [drawable]);
  const [made] = [drawable.material].flat();
  drawable.material = own;
  if (!made) throw new Error('the loader made no material');
  return made;
}

function lightsOf({ nodes = [] }: Gltf, objects: ReadonlyMap<number, Object3D>): [number, Light][] {
  return [...objects].flatMap(([index, object]): [number, Light][] => {
    const light = member(nodes[index]?.extensions?.KHR_lights_punctual, 'light');
    const shines = [object, ...object.children].find((one) => one instanceof Light);
    return typeof light === 'number' && shines instanceof Light ? [[light, shines]] : [];
  });
}

function grouped<T>(pairs: readonly (readonly [number, T])[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const [key, value] of pairs) groups.set(key, [...(groups.get(key) ?? []), value]);
  return groups;
}
