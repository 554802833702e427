import { ThreeMFLoader } from 'three/addons/loaders/3MFLoader.js';
import { refuse } from '../../import/refuse.ts';
import type { ReaderInput, ReadScene } from '../read-scene.ts';
import { readText } from '../read-text.ts';
import { readXml } from '../read-xml.ts';
import { unpack, zipEntries } from '../zip-entries.ts';
import { withUniqueObjects } from './3mf-objects.ts';

/** 3MF Core Specification, 3.3: units of a model. */
const METRES = {
  micron: 1e-6,
  millimeter: 0.001,
  centimeter: 0.01,
  inch: 0.0254,
  foot: 0.3048,
  meter: 1,
} as const;

const isUnit = (unit: string): unit is keyof typeof METRES => Object.hasOwn(METRES, unit);

/** 3MF: a ZIP with models as XML. Its build plate is the plane of x and y. */
export async function read3mf({ bytes, path, images }: ReaderInput): Promise<ReadScene> {
  zipEntries(bytes, path);
  const parts = unpack(bytes, path);
  const documents = new Map<string, Document>();
  for (const [name, part] of Object.entries(parts)) {
    if (/\.(model|rels)$/i.test(name)) documents.set(name, readXml(readText(part, name), name));
  }
  const models = new Map([...documents].filter(([name]) => /\.model$/i.test(name)));
  const [root] = [...models]
    .filter(([name]) => /^3D\/[^/]*\.model$/i.test(name))
    .map(([, { documentElement }]) => documentElement);
  if (!root) throw refuse('scene.invalid', `${path} holds no 3MF model. Export it again.`, path);
  for (const [name, model] of models) checkProperties(model.documentElement, name);
  const packed = withUniqueObjects(parts, models, path);
  const unit = root.getAttribute('unit') ?? '';
  return {
    root: new ThreeMFLoader(images.manager).parse(packed),
    clips: [],
    metresPerUnit: isUnit(unit) ? METRES[unit] : METRES.millimeter,
    unitSaidBy: isUnit(unit) ? 'file' : 'format',
    upAxis: 'z',
    upAxisSaidBy: 'format',
    generator: [...root.children].find((child) => child.getAttribute('name') === 'Application')?.textContent ?? null,
  };
}

/** Groups whose elements triangles refer to by number, and the elements. */
const GROUPS = { basematerials: 'base', colorgroup: 'color', texture2dgroup: 'tex2coord' } as const;

/**
 * Every vertex and property that a triangle names is there: three's loader does not look.
 *
 * @throws KilnError `scene.invalid`.
 */
function checkProperties(model: Element, name: string): void {
  const counts = new Map<string, number>();
  for (const [group, element] of Object.entries(GROUPS)) {
    for (const found of model.getElementsByTagNameNS('*', group)) {
      counts.set(found.getAttribute('id') ?? '', found.getElementsByTagNameNS('*', element).length);
    }
  }
  for (const object of model.getElementsByTagNameNS('*', 'object')) {
    const vertices = object.getElementsByTagNameNS('*', 'vertex').length;
    const triangles = object.getElementsByTagNameNS('*', 'triangle');
    for (const [index, triangle] of [...triangles].entries()) {
      const place = `triangle ${index} of object ${object.getAttribute('id') ?? ''} in ${name}`;
      check(triangle, ['v1', 'v2', 'v3'], vertices, 'vertex', place);
      const group = triangle.getAttribute('pid') ?? object.getAttribute('pid') ?? '';
      // Groups of kinds that are not read have no count here.
      check(triangle, ['p1', 'p2', 'p3'], counts.get(group), 'property', place);
    }
  }
}

function check(
  triangle: Element,
  names: readonly string[],
  count: number | undefined,
  what: string,
  place: string,
): void {
  if (count === undefined) return;
  for (const name of names) {
    const value = triangle.getAttribute(name);
    if (value === null || (/^\d+$/.test(value) && Number(value) < count)) continue;
    const message = `The ${what} ${value.slice(0, 20)} of ${place} is not there: it has ${count}. Export it again.`;
    throw refuse('scene.invalid', message, place);
  }
}
