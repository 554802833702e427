import { type BufferGeometry, type Material, Mesh, Points } from 'three';
import { MTLLoader } from 'three/addons/loaders/MTLLoader.js';
import { OBJLoader } from 'three/addons/loaders/OBJLoader.js';
import { findFile } from '../find-file.ts';
import { plainMaterial } from '../gltf-materials.ts';
import type { ReaderInput, ReadScene } from '../read-scene.ts';
import { readText } from '../read-text.ts';

/** Wavefront OBJ with its material libraries. */
export async function readObj({ files, path, bytes, images, findings }: ReaderInput): Promise<ReadScene> {
  const text = readText(bytes, path);
  const libraries: string[] = [];
  for (const name of libraryNames(text)) {
    const found = findFile(files.scene, path, name);
    if (found !== null) {
      libraries.push(readText(await files.fetch(found), found));
      continue;
    }
    const message = `The material library "${name}" was not uploaded with the scene: it is drawn without its materials.`;
    findings.add('warning', 'MISSING_MATERIALS', message, name);
  }
  const loader = new OBJLoader(images.manager);
  if (libraries.length > 0) {
    const materials = new MTLLoader(images.manager).parse(libraries.join('\n'), '');
    loader.setMaterials(materials);
  }
  const root = loader.parse(text);
  root.traverse((object) => {
    if (object instanceof Mesh && libraries.length === 0) object.material = plain(object.material);
    if (object instanceof Mesh || object instanceof Points) whiten(object.geometry);
  });
  return {
    root,
    clips: [],
    metresPerUnit: 1,
    unitSaidBy: 'assumed',
    upAxis: 'y',
    upAxisSaidBy: 'assumed',
    generator: /^#\s*(.*(?:export|creat|generat|blender|maya|max).*)$/im.exec(text.slice(0, 1_000))?.[1] ?? null,
  };
}

const plain = (material: Material | Material[]) =>
  Array.isArray(material) ? material.map((one) => plainMaterial(one)) : plainMaterial(material);

/** Vertices without a colour among others with one are white. */
function whiten(geometry: BufferGeometry): void {
  const color = geometry.getAttribute('color');
  if (!color) return;
  for (let i = 0; i < color.array.length; i += 1) if (Number.isNaN(color.array[i])) color.array[i] = 1;
}

/** A line may name one library, blanks and all. */
function libraryNames(text: string): Set<string> {
  const lines = [...text.matchAll(/^[ \t]*mtllib[ \t]+(.+?)[ \t]*$/gm)];
  return new Set(lines.map(([, name = '']) => name));
}
