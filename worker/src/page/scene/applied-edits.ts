/** What a job changes of a scene, done and undone: the scene itself serves others too. */
import {
  indexOfNamed,
  KilnError,
  type MaterialEdit,
  type PointerPath,
  readPointer,
  type SceneEdits,
} from '@kiln/shared';
import { Color, type Material } from 'three';
import { type PointerTarget, targetsOf, visibilityOf } from './pointer-targets.ts';
import type { SceneGraph } from './scene-graph.ts';

interface Change {
  apply(): void;
  /** Again, after a clip was posed. */
  hold(): void;
  undo(): void;
}

export class AppliedEdits {
  readonly asked: SceneEdits;
  /** The same for the same edits; empty for none. */
  readonly key: string;
  /** The same where materials look the same. */
  readonly lookKey: string;
  /** The same where things are at the same places, and the same ones are seen. */
  readonly shapeKey: string;
  readonly #changes: readonly Change[];
  readonly #materials = new Set<Material>();

  /** @throws KilnError `job.unsupported` for what the scene has not. */
  constructor(graph: SceneGraph, edits: SceneEdits) {
    this.asked = edits;
    const { variant, hide, show, materials, pointers } = edits;
    const isNone = variant === null && [hide, show, materials, pointers].every(({ length }) => length === 0);
    this.key = isNone ? '' : JSON.stringify([variant, hide, show, materials, pointers]);
    const placing = pointers.filter(({ pointer }) => pointer.startsWith('/nodes/'));
    this.lookKey = isNone ? '' : JSON.stringify([variant, materials, pointers]);
    this.shapeKey = isNone ? '' : JSON.stringify([hide, show, placing]);
    this.#changes = [
      ...this.#variant(graph, variant),
      ...hide.map((name) => valueChange(visibilityOf(nodeOf(graph, name)), [0])),
      ...show.map((name) => valueChange(visibilityOf(nodeOf(graph, name)), [1])),
      ...materials.flatMap((edit) => this.#material(graph, edit)),
      ...pointers.flatMap(({ pointer, value }) => {
        const known = readPointer(pointer);
        const numbers = typeof value === 'boolean' ? [value ? 1 : 0] : [value].flat();
        return known ? this.#values(targetsOf(graph, known), numbers) : [];
      }),
    ];
  }

  apply(): void {
    for (const change of this.#changes) change.apply();
    for (const material of this.#materials) material.needsUpdate = true;
  }

  hold(): void {
    for (const change of this.#changes) change.hold();
  }

  undo(): void {
    for (const change of this.#changes.toReversed()) change.undo();
    for (const material of this.#materials) material.needsUpdate = true;
  }

  #variant({ variants }: SceneGraph, name: string | null): Change[] {
    if (name === null) return [];
    const variant = variants.find((known) => known.name === name);
    if (!variant) throw new KilnError('job.unsupported', `The scene has no variant "${name}".`);
    return variant.choices.map(({ drawable, material }) => {
      let own: Material | Material[] = drawable.material;
      return {
        apply: () => {
          own = drawable.material;
          drawable.material = material;
        },
        hold: () => {},
        undo: () => {
          drawable.material = own;
        },
      };
    });
  }

  #values(targets: readonly PointerTarget[], values: readonly number[]): Change[] {
    for (const { material } of targets) if (material) this.#materials.add(material);
    return targets.map((target) => valueChange(target, values));
  }

  #material(graph: SceneGraph, { material: name, ...edit }: MaterialEdit): Change[] {
    const index = indexOfNamed(name, 'materials', graph.materialNames, graph.materialNames.length);
    if (index === null) throw new KilnError('job.unsupported', `The scene has no material "${name}".`);
    const { baseColor, opacity, roughness, metalness, emissive, emissiveIntensity } = edit;
    const changes = (path: PointerPath, values: readonly number[] | undefined) =>
      values ? this.#values(targetsOf(graph, { path, kind: 'materials', index }), values) : [];
    const one = (value: number | undefined) => (value === undefined ? undefined : [value]);
    return [
      ...(baseColor === undefined && opacity === undefined
        ? []
        : (graph.materials.get(index) ?? []).flatMap((material) =>
            this.#surface(material, linearOf(baseColor), opacity),
          )),
      ...changes('/materials/*/pbrMetallicRoughness/roughnessFactor', one(roughness)),
      ...changes('/materials/*/pbrMetallicRoughness/metallicFactor', one(metalness)),
      ...changes('/materials/*/emissiveFactor', linearOf(emissive)),
      ...changes('/materials/*/extensions/KHR_materials_emissive_strength/emissiveStrength', one(emissiveIntensity)),
    ];
  }

  /** Opacity makes of a surface one that is blended, as the loader does for glTF's. */
  #surface(material: Material, rgb: readonly number[] | undefined, opacity: number | undefined): Change[] {
    this.#materials.add(material);
    const color: unknown = Reflect.get(material, 'color');
    const isBlended = opacity !== undefined && opacity < 1;
    const state = () => ({
      rgb: color instanceof Color ? color.toArray() : null,
      opacity: material.opacity,
      transparent: material.transparent,
      depthWrite: material.depthWrite,
    });
    let before = state();
    const set = () => {
      if (color instanceof Color && rgb) color.fromArray([...rgb]);
      if (opacity !== undefined) material.opacity = opacity;
      if (!isBlended) return;
      material.transparent = true;
      material.depthWrite = false;
    };
    return [
      {
        apply: () => {
          before = state();
          set();
        },
        hold: set,
        undo: () => {
          if (color instanceof Color && before.rgb) color.fromArray(before.rgb);
          const { opacity: wasOpacity, transparent, depthWrite } = before;
          Object.assign(material, { opacity: wasOpacity, transparent, depthWrite });
        },
      },
    ];
  }
}

function valueChange(target: PointerTarget, values: readonly number[]): Change {
  let before: number[] = [];
  return {
    apply: () => {
      before = target.read();
      target.write(values);
    },
    hold: () => target.write(values),
    undo: () => target.write(before),
  };
}

function nodeOf({ nodes, nodeNames }: SceneGraph, name: string) {
  const index = indexOfNamed(name, 'nodes', nodeNames, nodeNames.length);
  const node = nodes.get(index ?? -1);
  if (!node) throw new KilnError('job.unsupported', `The scene shows no node "${name}".`);
  return node;
}

/** Text is sRGB, a list linear. */
function linearOf(color: MaterialEdit['baseColor']): readonly number[] | undefined {
  return typeof color === 'string' ? new Color(color).toArray() : color;
}
