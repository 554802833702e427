/** What the form changes of a scene: what is seen, and materials. */
import { type ImportReport, LIMITS, type MaterialEdit } from '@kiln/shared';

export type MaterialProperty = Exclude<keyof MaterialEdit, 'material'>;

interface PropertyFacts {
  readonly label: string;
  readonly kind: 'color' | 'share' | 'factor';
  /** What stands there when it is taken in. */
  readonly first: string | number;
  /** Unlit materials have no more than colour and opacity. */
  readonly needsLight: boolean;
}

export const MATERIAL_PROPERTIES: Readonly<Record<MaterialProperty, PropertyFacts>> = {
  baseColor: { label: 'Colour', kind: 'color', first: '#c2450b', needsLight: false },
  opacity: { label: 'Opacity', kind: 'share', first: 0.5, needsLight: false },
  roughness: { label: 'Roughness', kind: 'share', first: 0.5, needsLight: true },
  metalness: { label: 'Metalness', kind: 'share', first: 1, needsLight: true },
  emissive: { label: 'Glow colour', kind: 'color', first: '#ffffff', needsLight: true },
  emissiveIntensity: { label: 'Glow strength', kind: 'factor', first: 1, needsLight: true },
};

export const PROPERTY_NAMES = Object.keys(MATERIAL_PROPERTIES) as MaterialProperty[];

/** Names of what can be hidden or changed, each once, without what has none or is not shown. */
export function editableNames({ editable }: ImportReport): { readonly nodes: string[]; readonly materials: string[] } {
  const named = (names: readonly string[]) => [...new Set(names.filter((name) => name !== ''))];
  return { nodes: named(editable?.nodes ?? []), materials: named(editable?.materials.map(({ name }) => name) ?? []) };
}

/** Properties that a material could still have changed. */
export function freeProperties(edit: MaterialEdit, { editable }: ImportReport): MaterialProperty[] {
  const isUnlit = editable?.materials.find(({ name }) => name === edit.material)?.unlit ?? false;
  return PROPERTY_NAMES.filter(
    (name) => edit[name] === undefined && !(isUnlit && MATERIAL_PROPERTIES[name].needsLight),
  );
}

/** The materials with one of them changed: `undefined` takes a property back, the last one the material with it. */
export function withProperty(
  edits: readonly MaterialEdit[],
  material: string,
  property: MaterialProperty,
  value: MaterialEdit[MaterialProperty] | undefined,
): MaterialEdit[] {
  const known = edits.find((edit) => edit.material === material);
  const { [property]: _, ...kept } = known ?? { material };
  const next: MaterialEdit = { ...kept, material, ...(value === undefined ? {} : { [property]: value }) };
  const changed = Object.keys(next).length > 1 ? [next] : [];
  if (!known) return [...edits, ...changed];
  return edits.flatMap((edit) => (edit === known ? changed : [edit]));
}

/** Whether there is room for one more in a list of changes. */
export const hasRoom = (list: readonly unknown[]): boolean => list.length < LIMITS.sceneEdits;
