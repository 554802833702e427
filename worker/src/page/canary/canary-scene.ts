import {
  type BufferGeometry,
  DataTexture,
  DirectionalLight,
  Group,
  type Material,
  Mesh,
  MeshBasicMaterial,
  MeshStandardMaterial,
  NearestFilter,
  PlaneGeometry,
  Scene,
  SRGBColorSpace,
  TorusKnotGeometry,
} from 'three';
import { ClipPlayer } from '../scene/clip-player.ts';
import { LoadedScene, type SceneParts } from '../scene/loaded-scene.ts';

/** A point of the canary's picture, from its middle in parts of its half height, and the sRGB colour it must have. */
export interface Probe {
  readonly what: string;
  readonly x: number;
  readonly y: number;
  readonly color: readonly [number, number, number];
  /** Largest difference of a channel, in levels. */
  readonly tolerance: number;
  /** Found by chance in path tracing: not looked at there. */
  readonly isByChance?: true;
}

/** Half the height that the canary's camera sees at distance 0: what `Probe` counts in. */
export const CANARY_HALF_HEIGHT = 2;

/**
 * | where | what it shows |
 * | --- | --- |
 * | left | a 2 × 2 texture in sRGB, nearest filter: red, green over blue, grey |
 * | middle | a white, matt plate under one light of π: 0.18 of albedo comes out as sRGB 0.46 |
 * | right | green behind red, drawn in that order's reverse: only a depth test keeps red in front |
 * | top | grey at half alpha over black, twice: blending into float targets |
 * | bottom | a lit knot of 24,000 triangles: work to time |
 */
export const canaryScene = (): LoadedScene => new LoadedScene(canaryParts(), new Scene());

function canaryParts(): SceneParts {
  const root = new Group();
  const add = (geometry: BufferGeometry, material: Material, x: number, y: number, z: number) => {
    const mesh = new Mesh(geometry, material);
    mesh.position.set(x, y, z);
    root.add(mesh);
  };
  const plate = new PlaneGeometry(1, 1);
  const texels = Uint8Array.of(0, 0, 255, 255, 188, 188, 188, 255, 255, 0, 0, 255, 0, 255, 0, 255);
  const texture = new DataTexture(texels, 2, 2);
  texture.colorSpace = SRGBColorSpace;
  texture.magFilter = texture.minFilter = NearestFilter;
  texture.needsUpdate = true;
  add(plate, new MeshBasicMaterial({ map: texture }), -1.6, 0, 0);
  const matt = new MeshStandardMaterial({ roughness: 1, metalness: 0, envMapIntensity: 0 });
  matt.color.setRGB(0.18, 0.18, 0.18);
  add(plate, matt, 0, 0, 0);
  // Materials are drawn in the order of their first use: the near red before the far green.
  add(plate, new MeshBasicMaterial({ color: 0xff0000 }), 1.6, 0, 0.1);
  add(plate, new MeshBasicMaterial({ color: 0x00ff00 }), 1.6, 0, -0.1);
  add(plate, new MeshBasicMaterial({ color: 0x000000 }), 0, 1.4, -0.2);
  const veil = new MeshBasicMaterial({ color: 0xffffff, transparent: true, opacity: 0.5, depthWrite: false });
  add(plate, veil, 0, 1.4, 0);
  add(plate, veil, 0, 1.4, 0.1);
  const knot = new MeshStandardMaterial({ color: 0x4060ff, roughness: 0.3, metalness: 0.2, envMapIntensity: 0 });
  add(new TorusKnotGeometry(0.45, 0.15, 400, 30), knot, 0, -1.3, 0);

  const sun = new DirectionalLight(0xffffff, Math.PI);
  sun.position.set(0, 0, 1);
  root.add(sun);
  const content = { sceneHash: 'canary', entry: '', files: [] };
  return { content, root, cameras: [], clips: new ClipPlayer(root, [], []), again: canaryParts };
}

export const PROBES: readonly Probe[] = [
  { what: 'texture, upper left', x: -0.925, y: 0.125, color: [255, 0, 0], tolerance: 1 },
  { what: 'texture, upper right', x: -0.675, y: 0.125, color: [0, 255, 0], tolerance: 1 },
  { what: 'texture, lower left', x: -0.925, y: -0.125, color: [0, 0, 255], tolerance: 1 },
  { what: 'texture, lower right', x: -0.675, y: -0.125, color: [188, 188, 188], tolerance: 1 },
  // A metalness of 0 still reflects 4 % at its rim, little of it towards the camera.
  { what: 'lit plate', x: 0.1, y: 0.1, color: [118, 118, 118], tolerance: 4 },
  { what: 'depth test', x: 0.8, y: 0, color: [255, 0, 0], tolerance: 1 },
  // 0.75 in linear light.
  { what: 'blending', x: 0, y: 0.7, color: [225, 225, 225], tolerance: 2, isByChance: true },
  { what: 'background', x: -0.8, y: 0.8, color: [150, 150, 150], tolerance: 1 },
];
