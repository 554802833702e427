import { type AnimationClip, Object3D, ObjectLoader } from 'three';
import { refuse } from '../../import/refuse.ts';
import { PAGE_LIMITS } from '../../limits.ts';
import { parseJson } from '../../scene/container.ts';
import { member } from '../../scene/gltf-json.ts';
import type { ReaderInput, ReadScene } from '../read-scene.ts';
import { readText } from '../read-text.ts';

/** What three's `toJSON()` writes: an object, or the editor's project with a scene in it. */
export async function readThreeJson({ bytes, path, images }: ReaderInput): Promise<ReadScene> {
  const json = parseJson(readText(bytes, path), path);
  const object = member(json, 'object') === undefined ? member(json, 'scene') : json;
  if (typeof object !== 'object' || object === null || typeof member(object, 'object') !== 'object') {
    const message = `${path} is JSON but no scene of three.js: it has no "object". Write it with toJSON() of an Object3D.`;
    throw refuse('scene.unsupported_format', message, path);
  }
  checkSegments(object, path);
  const root = new ObjectLoader(images.manager).parse(object);
  if (!(root instanceof Object3D)) throw refuse('scene.invalid', `${path} holds no object of three.js.`, path);
  const generator = member(member(object, 'metadata'), 'generator');
  return {
    root,
    clips: clipsOf(root),
    metresPerUnit: 1,
    unitSaidBy: 'assumed',
    upAxis: 'y',
    upAxisSaidBy: 'format',
    generator: typeof generator === 'string' ? generator : null,
  };
}

function clipsOf(root: Object3D): AnimationClip[] {
  const found = new Set<AnimationClip>();
  root.traverse(({ animations }) => {
    for (const clip of animations) found.add(clip);
  });
  return [...found];
}

/**
 * Shapes that are made here of a few numbers are not made of too many parts.
 *
 * @throws KilnError `scene.over_limit`.
 */
function checkSegments(json: object, path: string): void {
  const geometries = member(json, 'geometries');
  if (!Array.isArray(geometries)) return;
  let total = 0;
  for (const [index, geometry] of geometries.entries()) {
    if (typeof geometry !== 'object' || geometry === null) continue;
    let parts = 1;
    for (const [name, value] of Object.entries(geometry)) {
      if (typeof value !== 'number') continue;
      // A polyhedron's faces are divided into (detail + 1)² each.
      if (/segments$|^steps$/i.test(name)) parts *= Math.max(1, value);
      if (name === 'detail') parts *= 20 * (value + 1) ** 2;
    }
    total += parts;
    if (total <= PAGE_LIMITS.madeParts) continue;
    const limit = PAGE_LIMITS.madeParts.toLocaleString('en');
    throw refuse(
      'scene.over_limit',
      `The shapes have more than ${limit} segments: make them coarser.`,
      `${path}#/geometries/${index}`,
    );
  }
}
