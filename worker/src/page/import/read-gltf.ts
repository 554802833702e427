import { Check, Errors } from 'typebox/value';
import { parseJson } from '../scene/container.ts';
import { Gltf, member } from '../scene/gltf-json.ts';
import { refuse } from './refuse.ts';

/**
 * The glTF of this text, with everything in it of the type that it must have; references are not looked at.
 *
 * @param path of the file, for errors about the whole.
 * @throws KilnError `scene.bad_json`, `scene.invalid`.
 */
export function readGltf(text: string, path: string): Gltf {
  const json = parseJson(text, path);
  const version = member(member(json, 'asset'), 'version');
  if (typeof version !== 'string') {
    throw refuse(
      'scene.bad_json',
      `${path} is JSON but no glTF: it has no asset.version. Upload a glTF 2.0 file.`,
      path,
    );
  }
  const needed = member(member(json, 'asset'), 'minVersion') ?? version;
  if (!version.startsWith('2.') || (typeof needed === 'string' && needed !== version && needed !== '2.0')) {
    throw refuse('scene.bad_json', `${path} is glTF ${needed}: export it as glTF 2.0.`, '/asset/version');
  }
  if (Check(Gltf, json)) return json;
  const [fault] = Errors(Gltf, json);
  const place = fault?.instancePath || '/';
  const allowed = member(fault?.params, 'allowedValues');
  const what = Array.isArray(allowed) ? `must be one of ${allowed.join(', ')}` : (fault?.message ?? 'has a wrong type');
  throw refuse('scene.invalid', `The glTF is wrong at ${place}: it ${what}. Export it again.`, place);
}
