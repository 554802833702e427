/** What three has where a JSON Pointer into the glTF points. */
import type { KnownPointer, PointerPath } from '@kiln/shared';
import { Color, type Light, type Material, Mesh, type Object3D, SpotLight, Texture, Vector2 } from 'three';
import type { SceneCamera } from './scene-camera.ts';
import type { SceneGraph } from './scene-graph.ts';

/** A property as numbers: a boolean is 1 or 0. */
export interface PointerTarget {
  read(): number[];
  write(values: readonly number[]): void;
  /** Whose look it changes. */
  readonly material?: Material;
  /** Whether a node is shown. */
  readonly isVisibility?: true;
}

type TargetsOf<T> = (thing: T) => PointerTarget | null;

/** @returns none where the scene has nothing of the kind: a material that is not shown, a property that it lacks. */
export function targetsOf(graph: SceneGraph, { path, kind, index }: KnownPointer): PointerTarget[] {
  const found = (): (PointerTarget | null)[] => {
    switch (kind) {
      case 'nodes': {
        const node = graph.nodes.get(index);
        return node ? nodeTargets(path, node) : [];
      }
      case 'materials':
        return (graph.materials.get(index) ?? []).map((material) => {
          const target = MATERIAL_TARGETS[path]?.(material);
          return target ? { ...target, material } : null;
        });
      case 'cameras':
        return (graph.cameras.get(index) ?? []).map(cameraTarget);
      case 'lights':
        return (graph.lights.get(index) ?? []).map((light) => lightTarget(path, light));
    }
  };
  return found().filter((target) => target !== null);
}

const number =
  (key: string): TargetsOf<object> =>
  (thing) =>
    typeof Reflect.get(thing, key) === 'number'
      ? { read: () => [Number(Reflect.get(thing, key))], write: ([value]) => Reflect.set(thing, key, value) }
      : null;

const color =
  (key: string): TargetsOf<object> =>
  (thing) => {
    const value: unknown = Reflect.get(thing, key);
    if (!(value instanceof Color)) return null;
    return { read: () => value.toArray(), write: ([r = 0, g = 0, b = 0]) => value.setRGB(r, g, b) };
  };

/** With alpha, which is the opacity. */
const baseColor: TargetsOf<object> = (thing) => {
  const [rgb, alpha] = [color('color')(thing), number('opacity')(thing)];
  if (!rgb || !alpha) return null;
  return {
    read: () => [...rgb.read(), ...alpha.read()],
    write: (values) => {
      rgb.write(values);
      alpha.write(values.slice(3));
    },
  };
};

/** The loader turns y over where a mesh has no tangents. */
const normalScale: TargetsOf<object> = (thing) => {
  const scale: unknown = Reflect.get(thing, 'normalScale');
  if (!(scale instanceof Vector2)) return null;
  const sign = scale.y < 0 ? -1 : 1;
  return { read: () => [scale.x], write: ([value = 1]) => scale.set(value, sign * value) };
};

/** Of surfaces that are cut out only. */
const alphaCutoff: TargetsOf<Material> = (material) => (material.alphaTest > 0 ? number('alphaTest')(material) : null);

/** Where textures lie: each is its material's own (`ownTransforms`). One of glTF may be two of three. */
const placed =
  (part: 'offset' | 'rotation' | 'repeat', ...maps: readonly string[]): TargetsOf<Material> =>
  (material) => {
    const textures = maps.map((map): unknown => Reflect.get(material, map)).filter((map) => map instanceof Texture);
    const [first] = textures;
    if (!first) return null;
    return {
      read: () => (part === 'rotation' ? [first.rotation] : first[part].toArray()),
      write: ([x = 0, y = 0]) => {
        for (const texture of textures) {
          if (part === 'rotation') texture.rotation = x;
          else texture[part].set(x, y);
        }
      },
    };
  };

const MATERIAL_TARGETS: Partial<Record<PointerPath, TargetsOf<Material>>> = {
  '/materials/*/pbrMetallicRoughness/baseColorFactor': baseColor,
  '/materials/*/pbrMetallicRoughness/metallicFactor': number('metalness'),
  '/materials/*/pbrMetallicRoughness/roughnessFactor': number('roughness'),
  '/materials/*/emissiveFactor': color('emissive'),
  '/materials/*/alphaCutoff': alphaCutoff,
  '/materials/*/normalTexture/scale': normalScale,
  '/materials/*/occlusionTexture/strength': number('aoMapIntensity'),
  '/materials/*/extensions/KHR_materials_emissive_strength/emissiveStrength': number('emissiveIntensity'),
  '/materials/*/extensions/KHR_materials_transmission/transmissionFactor': number('transmission'),
  '/materials/*/extensions/KHR_materials_ior/ior': number('ior'),
  '/materials/*/extensions/KHR_materials_clearcoat/clearcoatFactor': number('clearcoat'),
  '/materials/*/extensions/KHR_materials_clearcoat/clearcoatRoughnessFactor': number('clearcoatRoughness'),
  '/materials/*/extensions/KHR_materials_sheen/sheenColorFactor': color('sheenColor'),
  '/materials/*/extensions/KHR_materials_sheen/sheenRoughnessFactor': number('sheenRoughness'),
  '/materials/*/extensions/KHR_materials_specular/specularFactor': number('specularIntensity'),
  '/materials/*/extensions/KHR_materials_specular/specularColorFactor': color('specularColor'),
  '/materials/*/extensions/KHR_materials_iridescence/iridescenceFactor': number('iridescence'),
  '/materials/*/extensions/KHR_materials_iridescence/iridescenceIor': number('iridescenceIOR'),
  '/materials/*/extensions/KHR_materials_volume/thicknessFactor': number('thickness'),
  '/materials/*/extensions/KHR_materials_volume/attenuationColor': color('attenuationColor'),
  '/materials/*/pbrMetallicRoughness/baseColorTexture/extensions/KHR_texture_transform/offset': placed('offset', 'map'),
  '/materials/*/pbrMetallicRoughness/baseColorTexture/extensions/KHR_texture_transform/rotation': placed(
    'rotation',
    'map',
  ),
  '/materials/*/pbrMetallicRoughness/baseColorTexture/extensions/KHR_texture_transform/scale': placed('repeat', 'map'),
  '/materials/*/pbrMetallicRoughness/metallicRoughnessTexture/extensions/KHR_texture_transform/offset': placed(
    'offset',
    'metalnessMap',
    'roughnessMap',
  ),
  '/materials/*/pbrMetallicRoughness/metallicRoughnessTexture/extensions/KHR_texture_transform/rotation': placed(
    'rotation',
    'metalnessMap',
    'roughnessMap',
  ),
  '/materials/*/pbrMetallicRoughness/metallicRoughnessTexture/extensions/KHR_texture_transform/scale': placed(
    'repeat',
    'metalnessMap',
    'roughnessMap',
  ),
  '/materials/*/normalTexture/extensions/KHR_texture_transform/offset': placed('offset', 'normalMap'),
  '/materials/*/normalTexture/extensions/KHR_texture_transform/rotation': placed('rotation', 'normalMap'),
  '/materials/*/normalTexture/extensions/KHR_texture_transform/scale': placed('repeat', 'normalMap'),
  '/materials/*/occlusionTexture/extensions/KHR_texture_transform/offset': placed('offset', 'aoMap'),
  '/materials/*/occlusionTexture/extensions/KHR_texture_transform/rotation': placed('rotation', 'aoMap'),
  '/materials/*/occlusionTexture/extensions/KHR_texture_transform/scale': placed('repeat', 'aoMap'),
  '/materials/*/emissiveTexture/extensions/KHR_texture_transform/offset': placed('offset', 'emissiveMap'),
  '/materials/*/emissiveTexture/extensions/KHR_texture_transform/rotation': placed('rotation', 'emissiveMap'),
  '/materials/*/emissiveTexture/extensions/KHR_texture_transform/scale': placed('repeat', 'emissiveMap'),
};

function nodeTargets(path: PointerPath, node: Object3D): PointerTarget[] {
  switch (path) {
    case '/nodes/*/translation':
      return [{ read: () => node.position.toArray(), write: ([x = 0, y = 0, z = 0]) => node.position.set(x, y, z) }];
    case '/nodes/*/scale':
      return [{ read: () => node.scale.toArray(), write: ([x = 1, y = 1, z = 1]) => node.scale.set(x, y, z) }];
    case '/nodes/*/rotation': {
      const turn = node.quaternion;
      return [
        { read: () => turn.toArray(), write: ([x = 0, y = 0, z = 0, w = 1]) => turn.set(x, y, z, w).normalize() },
      ];
    }
    case '/nodes/*/extensions/KHR_node_visibility/visible':
      return [visibilityOf(node)];
    default:
      return [node, ...node.children].flatMap(weightsOf);
  }
}

export const visibilityOf = (node: Object3D): PointerTarget => ({
  isVisibility: true,
  read: () => [node.visible ? 1 : 0],
  write: ([value]) => {
    node.visible = value === 1;
  },
});

/** Of morph targets. A shorter list leaves the others as they are. */
function weightsOf(object: Object3D): PointerTarget[] {
  if (!(object instanceof Mesh) || !object.morphTargetInfluences) return [];
  const weights: number[] = object.morphTargetInfluences;
  return [
    {
      read: () => [...weights],
      write: (values) => {
        for (const [at, value] of values.slice(0, weights.length).entries()) weights[at] = value;
      },
    },
  ];
}

/** A pointer to the other kind of camera has no effect. */
function cameraTarget(camera: SceneCamera): PointerTarget {
  const { kind } = camera.lens;
  if (kind === 'perspective') {
    return {
      read: () => [camera.lens.kind === 'perspective' ? (camera.lens.fovDeg * Math.PI) / 180 : 0],
      write: ([rad = 1]) => {
        camera.lens = { kind, fovDeg: Math.min(179, (rad * 180) / Math.PI) };
      },
    };
  }
  return {
    read: () => [camera.lens.kind === 'orthographic' ? camera.lens.halfHeight : 0],
    write: ([halfHeight = 1]) => {
      camera.lens = { kind, halfHeight };
    },
  };
}

function lightTarget(path: PointerPath, light: Light): PointerTarget | null {
  if (path.endsWith('/color')) return color('color')(light);
  if (path.endsWith('/intensity')) return number('intensity')(light);
  return light instanceof SpotLight ? number('angle')(light) : null;
}
