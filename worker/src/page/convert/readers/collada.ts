import { ColladaLoader } from 'three/addons/loaders/ColladaLoader.js';
import { refuse } from '../../import/refuse.ts';
import type { ReaderInput, ReadScene } from '../read-scene.ts';
import { readText } from '../read-text.ts';
import { readXml } from '../read-xml.ts';

const AXES = { X_UP: 'x', Y_UP: 'y', Z_UP: 'z' } as const;

/** Collada 1.4. three's loader turns and scales what it returns; that is undone, so that it is done in one place. */
export async function readCollada({ bytes, path, images }: ReaderInput): Promise<ReadScene> {
  const text = readText(bytes, path);
  const xml = readXml(text, path);
  if (xml.documentElement.localName !== 'COLLADA') {
    throw refuse('scene.invalid', `${path} is XML but no Collada. Export it again.`, path);
  }
  // The loader reads TGA by other means than images; with another ending it asks for it as for any image.
  const read = new ColladaLoader(images.manager).parse(text.replaceAll(/\.tga(\s*<\/)/gi, '.tga?.png$1'), '');
  if (!read) throw refuse('scene.invalid', `${path} cannot be read as Collada. Export it again.`, path);
  const { scene } = read;
  scene.rotation.set(0, 0, 0);
  scene.scale.setScalar(1);
  const asset = [...xml.documentElement.children].find(({ localName }) => localName === 'asset');
  const said = (name: string) => asset?.getElementsByTagName(name)[0];
  const metres = Number(said('unit')?.getAttribute('meter') ?? Number.NaN);
  const axis = said('up_axis')?.textContent?.trim() ?? '';
  const isUnitSaid = Number.isFinite(metres) && metres > 0;
  const isAxisSaid = isAxis(axis);
  return {
    root: scene,
    clips: scene.animations,
    metresPerUnit: isUnitSaid ? metres : 1,
    unitSaidBy: isUnitSaid ? 'file' : 'format',
    upAxis: isAxisSaid ? AXES[axis] : 'y',
    upAxisSaidBy: isAxisSaid ? 'file' : 'format',
    generator: said('authoring_tool')?.textContent?.trim() || null,
    hasUnitlessLights: true,
  };
}

const isAxis = (text: string): text is keyof typeof AXES => Object.hasOwn(AXES, text);
