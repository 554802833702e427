/** What the parts of a glTF are called, each by a name of its own. */
import { type Gltf, member } from './gltf-json.ts';
import { uniqueNames } from './unique-names.ts';

export const nodeNamesOf = ({ nodes = [] }: Gltf): string[] => uniqueNames(nodes, 'node');
export const materialNamesOf = ({ materials = [] }: Gltf): string[] => uniqueNames(materials, 'material');

export function variantNamesOf({ extensions }: Gltf): string[] {
  const variants = member(extensions?.KHR_materials_variants, 'variants');
  if (!Array.isArray(variants)) return [];
  const names = variants.map((variant: unknown) => member(variant, 'name'));
  return uniqueNames(
    names.map((name) => ({ name: typeof name === 'string' ? name : undefined })),
    'variant',
  );
}
