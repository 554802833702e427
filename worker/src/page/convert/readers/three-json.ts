import { type AnimationClip, Object3D, ObjectLoader } from 'three';
import { refuse } from '../../import/refuse.ts';
import { parseJson } from '../../scene/container.ts';
import { member } from '../../scene/gltf-json.ts';
import type { ReaderInput, ReadScene } from '../read-scene.ts';
import { readText } from '../read-text.ts';
import { checkMadeParts } from './three-json-parts.ts';

/** What three's `toJSON()` writes: an object, or the editor's project with a scene in it. */
export async function readThreeJson({ bytes, path, images }: ReaderInput): Promise<ReadScene> {
  const json = parseJson(readText(bytes, path), path);
  const object = member(json, 'object') === undefined ? member(json, 'scene') : json;
  if (typeof object !== 'object' || object === null || typeof member(object, 'object') !== 'object') {
    const message = `${path} is JSON but no scene of three.js: it has no "object". Write it with toJSON() of an Object3D.`;
    throw refuse('scene.unsupported_format', message, path);
  }
  checkMadeParts(object, path);
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
