/** What three makes of a few numbers in its JSON: counted before it is made. */
import { refuse } from '../../import/refuse.ts';
import { PAGE_LIMITS } from '../../limits.ts';
import { member } from '../../scene/gltf-json.ts';

/** Of an object with room for more than the file has. */
const COUNTS = ['count', 'maxInstanceCount', 'maxVertexCount', 'maxIndexCount'];
/** `options` of an extruded shape lie one deeper. */
const DEPTH = 3;

/**
 * @param json of a scene.
 * @throws KilnError `scene.over_limit`, `scene.invalid` for a number that is written as text.
 */
export function checkMadeParts(json: object, path: string): void {
  const shapes = new Map(listOf(json, 'shapes').map((shape) => [member(shape, 'uuid'), pointsOf(shape)]));
  let total = 0;
  const add = (parts: number, place: string) => {
    total += parts;
    if (total <= PAGE_LIMITS.madeParts) return;
    const limit = PAGE_LIMITS.madeParts.toLocaleString('en');
    throw refuse('scene.over_limit', `The shapes have more than ${limit} segments: make them coarser.`, place);
  };
  for (const [index, geometry] of listOf(json, 'geometries').entries()) {
    const place = `${path}#/geometries/${index}`;
    const named = member(geometry, 'shapes');
    const points = (Array.isArray(named) ? named : []).reduce((sum: number, id) => sum + (shapes.get(id) ?? 0), 0);
    add(segmentsOf(geometry, place, DEPTH) * Math.max(1, points), place);
  }
  const objects: unknown[] = [member(json, 'object')];
  for (let object = objects.pop(); object !== undefined; object = objects.pop()) {
    const place = `${path}#/object`;
    for (const key of COUNTS) add(numberIn(object, key, place) ?? 0, place);
    objects.push(...listOf(object, 'children'));
  }
}

const listOf = (value: unknown, key: string): unknown[] => {
  const list = member(value, key);
  return Array.isArray(list) ? list : [];
};

/** The number of a field, if it has one. */
function numberIn(value: unknown, key: string, place: string): number | undefined {
  const found = member(value, key);
  if (typeof found === 'number' || found === undefined || found === null) return found ?? undefined;
  throw refuse('scene.invalid', `"${key}" is no number: write the scene with toJSON() of an Object3D.`, place);
}

/** Of the numbers that a geometry is divided by, their product. */
function segmentsOf(value: unknown, place: string, depth: number): number {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depth === 0) return 1;
  let parts = 1;
  for (const [key, part] of Object.entries(value)) {
    if (/segments$|^steps$/i.test(key)) parts *= Math.max(1, numberIn(value, key, place) ?? 1);
    else if (key === 'detail') {
      // A polyhedron's faces are divided into (detail + 1)² each.
      parts *= Math.max(20, listOf(value, 'indices').length / 3) * ((numberIn(value, key, place) ?? 0) + 1) ** 2;
    } else parts *= segmentsOf(part, place, depth - 1);
  }
  return parts;
}

/** Curves of a shape and its holes, each as many as it has points: so many times it is divided. */
function pointsOf(shape: unknown): number {
  const curves = [...listOf(shape, 'curves'), ...listOf(shape, 'holes').flatMap((hole) => listOf(hole, 'curves'))];
  // An ellipse is divided twice as often.
  return curves.reduce((sum: number, curve) => sum + Math.max(2, listOf(curve, 'points').length), 0);
}
