import { type EditableParts, POINTER_RULES } from '@kiln/shared';
import { PAGE_LIMITS } from '../limits.ts';
import { type Gltf, member } from './gltf-json.ts';
import type { SceneGraph } from './scene-graph.ts';
import { hasTransforms } from './texture-transforms.ts';

/** Extensions of materials that a JSON Pointer may go into. */
const EXTENSIONS = new Set<string>(
  Object.values(POINTER_RULES).flatMap((rule) => ('extension' in rule ? [rule.extension] : [])),
);

/** What a job may change, by name, within the bounds of a report. What is not shown has no name. */
export function editablePartsOf(gltf: Gltf, { nodeNames, materialNames, nodes }: SceneGraph): EditableParts {
  const materials = materialNames.map((name, index) => {
    const material = gltf.materials?.[index] ?? {};
    const { extensions = {} } = material;
    const placed = hasTransforms(material) ? ['KHR_texture_transform'] : [];
    return {
      name,
      unlit: Object.hasOwn(extensions, 'KHR_materials_unlit'),
      extensions: [...Object.keys(extensions).filter((key) => EXTENSIONS.has(key)), ...placed],
    };
  });
  const lights = member(gltf.extensions?.KHR_lights_punctual, 'lights');
  return {
    nodes: bounded(
      nodeNames.map((name, index) => (nodes.has(index) ? name : '')),
      (name) => name,
    ),
    materials: bounded(materials, ({ name, extensions }) => name + extensions.join()),
    cameras: gltf.cameras?.length ?? 0,
    lights: Array.isArray(lights) ? lights.length : 0,
  };
}

/** The first of a list, as many as a report may have. */
function bounded<T>(list: readonly T[], textOf: (item: T) => string): T[] {
  let chars = 0;
  const end = list.findIndex((item) => {
    chars += textOf(item).length;
    return chars > PAGE_LIMITS.editableChars;
  });
  return list.slice(0, Math.min(end < 0 ? list.length : end, PAGE_LIMITS.reportedThings));
}
