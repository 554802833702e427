import { type Gltf, member, type Primitive } from '../scene/gltf-json.ts';
import { textureReferences } from '../scene/texture-references.ts';
import { refuse } from './refuse.ts';

type Kind =
  | 'accessors'
  | 'buffers'
  | 'bufferViews'
  | 'cameras'
  | 'images'
  | 'materials'
  | 'meshes'
  | 'nodes'
  | 'scenes'
  | 'skins'
  | 'textures';

/**
 * Every index that three's loader follows leads to something.
 *
 * @throws KilnError `scene.invalid` naming the first that does not.
 */
export function checkReferences(gltf: Gltf): void {
  const to = (kind: Kind, index: unknown, pointer: string) => {
    if (index === undefined) return;
    const count = gltf[kind]?.length ?? 0;
    if (typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < count) return;
    const has = count === 0 ? 'it has none' : `it has ${count}, counted from 0`;
    const message = `${pointer} refers to number ${String(index)} of the scene's ${kind}, but ${has}. Export it again.`;
    throw refuse('scene.invalid', message, pointer);
  };
  const all = (kind: Kind, indices: readonly number[] | undefined, pointer: string) => {
    for (const [i, index] of (indices ?? []).entries()) to(kind, index, `${pointer}/${i}`);
  };

  to('scenes', gltf.scene, '/scene');
  for (const [i, scene] of (gltf.scenes ?? []).entries()) all('nodes', scene.nodes, `/scenes/${i}/nodes`);
  for (const [i, node] of (gltf.nodes ?? []).entries()) {
    const at = `/nodes/${i}`;
    all('nodes', node.children, `${at}/children`);
    to('meshes', node.mesh, `${at}/mesh`);
    to('skins', node.skin, `${at}/skin`);
    to('cameras', node.camera, `${at}/camera`);
    const instances = member(node.extensions?.EXT_mesh_gpu_instancing, 'attributes');
    for (const [name, index] of entriesOf(instances)) {
      to('accessors', index, `${at}/extensions/EXT_mesh_gpu_instancing/attributes/${name}`);
    }
    const light = member(node.extensions?.KHR_lights_punctual, 'light');
    if (light !== undefined && !isIndexOf(light, lightsOf(gltf))) {
      throw refuse(
        'scene.invalid',
        `${at} refers to a light that is not there. Export the scene again.`,
        `${at}/extensions/KHR_lights_punctual/light`,
      );
    }
  }
  for (const [i, mesh] of (gltf.meshes ?? []).entries()) {
    for (const [p, primitive] of mesh.primitives.entries())
      checkPrimitive(primitive, `/meshes/${i}/primitives/${p}`, to);
  }
  for (const [i, accessor] of (gltf.accessors ?? []).entries()) {
    to('bufferViews', accessor.bufferView, `/accessors/${i}/bufferView`);
    to('bufferViews', accessor.sparse?.indices.bufferView, `/accessors/${i}/sparse/indices/bufferView`);
    to('bufferViews', accessor.sparse?.values.bufferView, `/accessors/${i}/sparse/values/bufferView`);
  }
  for (const [i, view] of (gltf.bufferViews ?? []).entries()) {
    to('buffers', view.buffer, `/bufferViews/${i}/buffer`);
    for (const name of MESHOPT)
      to('buffers', member(view.extensions?.[name], 'buffer'), `/bufferViews/${i}/extensions/${name}/buffer`);
  }
  for (const [i, texture] of (gltf.textures ?? []).entries()) {
    to('images', texture.source, `/textures/${i}/source`);
    for (const name of IMAGE_EXTENSIONS) {
      to('images', member(texture.extensions?.[name], 'source'), `/textures/${i}/extensions/${name}/source`);
    }
  }
  for (const { pointer, texture } of textureReferences(gltf)) to('textures', texture, `${pointer}/index`);
  for (const [i, image] of (gltf.images ?? []).entries())
    to('bufferViews', image.bufferView, `/images/${i}/bufferView`);
  for (const [i, skin] of (gltf.skins ?? []).entries()) {
    all('nodes', skin.joints, `/skins/${i}/joints`);
    to('accessors', skin.inverseBindMatrices, `/skins/${i}/inverseBindMatrices`);
  }
  for (const [i, { channels, samplers }] of (gltf.animations ?? []).entries()) {
    for (const [c, { sampler, target }] of channels.entries()) {
      to('nodes', target.node, `/animations/${i}/channels/${c}/target/node`);
      if (samplers[sampler]) continue;
      const at = `/animations/${i}/channels/${c}/sampler`;
      throw refuse('scene.invalid', `${at} refers to a sampler that is not there. Export the scene again.`, at);
    }
    for (const [s, { input, output }] of samplers.entries()) {
      to('accessors', input, `/animations/${i}/samplers/${s}/input`);
      to('accessors', output, `/animations/${i}/samplers/${s}/output`);
    }
  }
}

export const MESHOPT = ['EXT_meshopt_compression', 'KHR_meshopt_compression'] as const;
const IMAGE_EXTENSIONS = ['KHR_texture_basisu', 'EXT_texture_webp', 'EXT_texture_avif'] as const;

function checkPrimitive(
  primitive: Primitive,
  at: string,
  to: (kind: Kind, index: unknown, pointer: string) => void,
): void {
  for (const [name, index] of Object.entries(primitive.attributes)) to('accessors', index, `${at}/attributes/${name}`);
  to('accessors', primitive.indices, `${at}/indices`);
  to('materials', primitive.material, `${at}/material`);
  for (const [t, target] of (primitive.targets ?? []).entries()) {
    for (const [name, index] of Object.entries(target)) to('accessors', index, `${at}/targets/${t}/${name}`);
  }
  const draco = primitive.extensions?.KHR_draco_mesh_compression;
  to('bufferViews', member(draco, 'bufferView'), `${at}/extensions/KHR_draco_mesh_compression/bufferView`);
}

const lightsOf = (gltf: Gltf): readonly unknown[] => {
  const lights = member(gltf.extensions?.KHR_lights_punctual, 'lights');
  return Array.isArray(lights) ? lights : [];
};

const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null ? Object.entries(value) : [];

const isIndexOf = (index: unknown, list: readonly unknown[]) =>
  typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < list.length;
