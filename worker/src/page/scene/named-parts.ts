/** Which node and which material of the glTF something drawn is of. */
import type { ScenePart } from '@kiln/shared';
import type { Material, Object3D } from 'three';
import type { SceneGraph } from './scene-graph.ts';

export class NamedParts {
  readonly #graph: SceneGraph;
  readonly #nodes: ReadonlyMap<Object3D, number>;
  readonly #materials: ReadonlyMap<Material, number>;

  constructor(graph: SceneGraph) {
    this.#graph = graph;
    this.#nodes = new Map([...graph.nodes].map(([index, object]) => [object, index]));
    this.#materials = new Map([...graph.materials].flatMap(([index, all]) => all.map((material) => [material, index])));
  }

  /** The node whose mesh it is a part of. */
  nodeOf(drawn: Object3D): ScenePart {
    for (let object: Object3D | null = drawn; object; object = object.parent) {
      const index = this.#nodes.get(object);
      if (index !== undefined) return part('nodes', index, this.#graph.nodeNames);
    }
    throw new Error('what is drawn is below no node');
  }

  /** Null for glTF's default material. */
  materialOf(material: Material): ScenePart | null {
    const index = this.#materials.get(material);
    return index === undefined ? null : part('materials', index, this.#graph.materialNames);
  }
}

const part = (kind: 'nodes' | 'materials', index: number, names: readonly string[]): ScenePart => ({
  name: names[index] ?? '',
  pointer: `/${kind}/${index}`,
});
