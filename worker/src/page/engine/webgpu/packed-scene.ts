import { KilnError } from '@kiln/shared';
import {
  BufferAttribute,
  type BufferGeometry,
  InstancedMesh,
  type Material,
  Matrix4,
  Mesh,
  type Object3D,
} from 'three';
import { PathtracerBVHComputeData } from 'three-gpu-pathtracer/src/webgpu/nodes/PathtracerBVHComputeData.js';
import { MeshBVH, SAH } from 'three-mesh-bvh';
import { bakeGeometry, type PlacedMesh } from '../pathtrace/baked-geometry.ts';
import { type Emitters, emittersOf, luminanceOf } from '../pathtrace/emitters.ts';
import { checkTriangles, hasNormalMap } from '../pathtrace/posed-meshes.ts';
import { materialOf, uvChannelOf } from '../pathtrace/traceable.ts';
import { ownMaterials, tracedMaterial } from '../pathtrace/traced-scene.ts';
import { isAnisotropic } from '../scene-features.ts';
import { TextureAtlas } from './texture-atlas.ts';
import type { WebGpuDevice } from './webgpu-device.ts';

/** A surface with holes may have one where it is looked for: such ones count as dark, and are met by chance only. */
const lookedFor = (material: Material): number => (material.alphaTest > 0 ? 0 : luminanceOf(material));

const BUFFERS = ['nodes', 'index', 'attributes', 'transforms', 'materials'] as const;

/** A scene in buffers, its materials in the order of their mesh. */
class Contents extends PathtracerBVHComputeData {
  readonly #materials: readonly Material[];
  readonly emitters: Emitters;

  constructor({ mesh, emitters }: PosedMesh) {
    super(mesh);
    this.#materials = mesh.material;
    this.emitters = emitters;
  }

  override updateMaterialsMap(): void {
    this.materials.splice(0, this.materials.length, ...this.#materials);
    this.materialsMap.clear();
    for (const [index, material] of this.#materials.entries()) this.materialsMap.set(material, index);
  }
}

/** Buffers for others' functions. */
class NextContents extends Contents {
  override useTransparencyRaycastFn(): void {}
}

/** What rays are traced against: a scene as it is posed, in the buffers that the kernel reads. */
export class PackedScene extends Contents {
  readonly #atlas = new TextureAtlas();
  readonly #gpu: WebGpuDevice;

  /** @param root posed. @throws KilnError `job.too_large` when this adapter's buffers cannot hold it. */
  constructor(gpu: WebGpuDevice, root: Object3D) {
    super(meshOf(root));
    this.#gpu = gpu;
    this.textureAtlas = this.#atlas;
    this.update();
    this.#check();
    this.#atlas.pack(gpu.renderer, this.textures);
  }

  /**
   * Has the kernel read another scene: its functions stay as they are.
   *
   * @param root posed.
   * @returns what glows in it.
   */
  replace(root: Object3D): Emitters {
    const next = new NextContents(meshOf(root));
    next.update();
    for (const name of BUFFERS) {
      const node = this.storage[name].proxyNode;
      node.value.dispose();
      node.value = next.storage[name].proxyNode.value;
    }
    this.#check();
    this.#atlas.pack(this.#gpu.renderer, next.textures);
    return next.emitters;
  }

  #check(): void {
    const most = this.#gpu.largestBufferBytes;
    for (const name of BUFFERS) {
      const { byteLength } = this.storage[name].proxyNode.value.array;
      if (byteLength <= most) continue;
      throw new KilnError(
        'job.too_large',
        `Path tracing on this WebGPU adapter takes at most ${most} bytes of ${name}, the scene has ${byteLength}; use the back end webgl.`,
      );
    }
  }
}

interface PosedMesh {
  readonly mesh: Mesh<BufferGeometry, Material[]>;
  readonly emitters: Emitters;
}

/** One mesh of all, in the world's space, its triangles in the order of their materials. */
function meshOf(root: Object3D): PosedMesh {
  const own = ownMaterials(root);
  const materials = own.map(tracedMaterial);
  const geometry = bakeGeometry(placedMeshes(root, new Map(own.map((material, index) => [material, index]))));
  const emitters = emittersOf(geometry, materials.map(lookedFor));
  emitters.table.needsUpdate = true;
  groupByMaterial(geometry, Math.max(1, own.length));
  keepMaterialIndex(geometry);
  geometry.boundsTree = new MeshBVH(geometry, { strategy: SAH, targetLeafSize: 5 });
  return { mesh: new Mesh(geometry, materials), emitters };
}

/**
 * Every visible mesh in the order of the tree, each instance as one.
 *
 * @throws KilnError `job.too_large` with more triangles than path tracing takes.
 */
function placedMeshes(root: Object3D, indices: ReadonlyMap<Material, number>): PlacedMesh[] {
  const meshes: Mesh[] = [];
  root.traverseVisible((object) => {
    if (object instanceof Mesh && object.geometry.getAttribute('position')) meshes.push(object);
  });
  checkTriangles(meshes);
  return meshes.flatMap((mesh) => {
    const material = materialOf(mesh);
    const channel = uvChannelOf(material);
    const uv = channel === 0 ? 'uv' : `uv${channel}`;
    const each = {
      mesh,
      materialIndex: indices.get(material) ?? 0,
      uv,
      needsTangents: hasNormalMap(material) || isAnisotropic(material),
    };
    return placesOf(mesh).map((place) => ({ ...each, place }));
  });
}

function placesOf(mesh: Mesh): Matrix4[] {
  if (!(mesh instanceof InstancedMesh)) return [mesh.matrixWorld];
  return Array.from({ length: mesh.count }, (_, index) => {
    const place = new Matrix4();
    mesh.getMatrixAt(index, place);
    return place.premultiply(mesh.matrixWorld);
  });
}

/** Beside the texture's coordinates, where the kernel has room. */
function keepMaterialIndex(geometry: BufferGeometry): void {
  const uv = geometry.getAttribute('uv');
  const materialIndex = geometry.getAttribute('materialIndex');
  const both = new Float32Array(uv.count * 3);
  for (let i = 0; i < uv.count; i += 1) both.set([uv.getX(i), uv.getY(i), materialIndex.getX(i)], i * 3);
  geometry.setAttribute('uv', new BufferAttribute(both, 3));
  geometry.deleteAttribute('materialIndex');
}

/** A group for each material that a triangle has. */
function groupByMaterial(geometry: BufferGeometry, count: number): void {
  const materialIndex = geometry.getAttribute('materialIndex');
  const corners = geometry.index?.array ?? [];
  const materialOfTriangle = (at: number) => materialIndex.getX(corners[at] ?? 0);
  const ends = new Uint32Array(count + 1);
  for (let at = 0; at < corners.length; at += 3) {
    const next = materialOfTriangle(at) + 1;
    ends[next] = (ends[next] ?? 0) + 3;
  }
  for (let material = 0; material < count; material += 1) {
    const [start = 0, size = 0] = ends.subarray(material, material + 2);
    if (size > 0) geometry.addGroup(start, size, material);
    ends[material + 1] = start + size;
  }
  const sorted = new Uint32Array(corners.length);
  for (let at = 0; at < corners.length; at += 3) {
    const material = materialOfTriangle(at);
    const place = ends[material] ?? 0;
    for (const corner of [0, 1, 2]) sorted[place + corner] = corners[at + corner] ?? 0;
    ends[material] = place + 3;
  }
  geometry.setIndex(new BufferAttribute(sorted, 1));
}
