import type { Material, Object3D, WebGLRenderer } from 'three';

/** What three's render lists hold of an object. */
interface DrawItem {
  readonly object: Object3D;
  readonly material: Material;
  readonly groupOrder: number;
  readonly renderOrder: number;
  readonly z: number;
}

/**
 * The order of drawing, by place in the scene. three's own sorting falls back on ids, which count up in the order in
 * which textures and buffers happened to arrive: two loads of one scene would draw coplanar faces differently.
 */
export class DrawOrder {
  readonly #objects = new Map<Object3D, number>();
  readonly #materials = new Map<Material, number>();

  /** @param materials in the order of the tree, those of other variants too. */
  constructor(root: Object3D, materials: readonly Material[]) {
    root.traverse((object) => {
      this.#objects.set(object, this.#objects.size);
    });
    for (const material of materials) this.#materials.set(material, this.#materials.size);
  }

  /**
   * Opaque things by material, then nearest first; transparent ones farthest first.
   *
   * @param sourceOf the scene's own material that another stands for.
   */
  applyTo(
    renderer: Pick<WebGLRenderer, 'setOpaqueSort' | 'setTransparentSort'>,
    sourceOf = (material: Material): Material => material,
  ): void {
    const rank = ({ material }: DrawItem) => this.#materials.get(sourceOf(material)) ?? -1;
    renderer.setOpaqueSort(
      (a, b) => byGroup(a, b) || rank(a) - rank(b) || a.z - b.z || this.#place(a) - this.#place(b),
    );
    renderer.setTransparentSort((a, b) => byGroup(a, b) || b.z - a.z || this.#place(a) - this.#place(b));
  }

  #place({ object }: DrawItem): number {
    return this.#objects.get(object) ?? -1;
  }
}

const byGroup = (a: DrawItem, b: DrawItem) => a.groupOrder - b.groupOrder || a.renderOrder - b.renderOrder;
