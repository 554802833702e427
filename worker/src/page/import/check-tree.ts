import { LIMITS } from '@kiln/shared';
import { type Gltf, member, type Primitive } from '../scene/gltf-json.ts';
import { refuse } from './refuse.ts';

export interface TreeFacts {
  /** As drawn: each mesh as often as it is instanced. */
  readonly triangles: number;
  readonly lights: number;
  readonly meshes: ReadonlySet<number>;
}

const TRIANGLES = 4;

/**
 * Walks the shown scene. References are known to be right.
 *
 * @throws KilnError `scene.invalid` for loops and nodes with two parents, `scene.over_limit`.
 */
export function checkTree(gltf: Gltf): TreeFacts {
  const { nodes = [], meshes = [] } = gltf;
  if (nodes.length > LIMITS.sceneNodes) {
    throw refuse(
      'scene.over_limit',
      `The scene has ${nodes.length} nodes, at most ${LIMITS.sceneNodes} are taken: join some of them.`,
      '/nodes',
    );
  }
  const scene = gltf.scenes?.[gltf.scene ?? 0];
  if (!scene) throw refuse('scene.invalid', 'The glTF has no scene to show: export one.', '/scenes');

  const perMesh = meshes.map(({ primitives }) =>
    primitives.reduce((sum, primitive) => sum + trianglesOf(gltf, primitive), 0),
  );
  const shown = new Set<number>();
  const seen = new Set<number>();
  let [triangles, lights] = [0, 0];
  const waiting = (scene.nodes ?? []).map((index) => ({ index, depth: 1 }));
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { index, depth } = next;
    const at = `/nodes/${index}`;
    if (seen.has(index))
      throw refuse('scene.invalid', `Node ${index} is below itself or has two parents. Export the scene again.`, at);
    seen.add(index);
    if (depth > LIMITS.sceneDepth) {
      throw refuse(
        'scene.over_limit',
        `The scene's nodes are nested deeper than ${LIMITS.sceneDepth}: flatten them.`,
        at,
      );
    }
    const node = nodes[index];
    if (node?.mesh !== undefined) {
      shown.add(node.mesh);
      triangles += (perMesh[node.mesh] ?? 0) * instancesOf(gltf, node.extensions);
    }
    if (member(node?.extensions?.KHR_lights_punctual, 'light') !== undefined) lights += 1;
    for (const child of node?.children ?? []) waiting.push({ index: child, depth: depth + 1 });
  }
  if (triangles > LIMITS.sceneTriangles) {
    const limit = LIMITS.sceneTriangles.toLocaleString('en');
    throw refuse(
      'scene.over_limit',
      `The scene draws ${triangles.toLocaleString('en')} triangles, at most ${limit} are taken: simplify its meshes.`,
      '/meshes',
    );
  }
  return { triangles, lights, meshes: shown };
}

/** Points and lines have none. */
function trianglesOf({ accessors = [] }: Gltf, { attributes, indices, mode = TRIANGLES }: Primitive): number {
  if (mode < TRIANGLES) return 0;
  const vertices = accessors[indices ?? attributes.POSITION ?? -1]?.count ?? 0;
  return mode === TRIANGLES ? Math.floor(vertices / 3) : Math.max(0, vertices - 2);
}

function instancesOf({ accessors = [] }: Gltf, extensions: Readonly<Record<string, unknown>> | undefined): number {
  const attributes = member(extensions?.EXT_mesh_gpu_instancing, 'attributes');
  if (typeof attributes !== 'object' || attributes === null) return 1;
  const [first] = Object.values(attributes);
  return typeof first === 'number' ? (accessors[first]?.count ?? 1) : 1;
}
