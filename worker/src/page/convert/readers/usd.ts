import type { Group } from 'three';
import { USDLoader } from 'three/addons/loaders/USDLoader.js';
import type { ReaderInput, ReadScene } from '../read-scene.ts';
import { readText } from '../read-text.ts';
import { isZip, zipEntries } from '../zip-entries.ts';

/** USD as text, crate or package. three's loader turns and scales what it returns; that is undone, see `readCollada`. */
export async function readUsd({ bytes, path, images }: ReaderInput): Promise<ReadScene> {
  if (isZip(bytes)) zipEntries(bytes, path);
  const isCrate = new TextDecoder().decode(bytes.subarray(0, 8)) === 'PXR-USDC';
  const input = isZip(bytes) || isCrate ? bytes.buffer : readText(bytes, path);
  const root: Group = new USDLoader(images.manager).parse(input, '');
  const metresPerUnit = root.scale.x;
  const isTurned = root.rotation.x !== 0;
  root.scale.setScalar(1);
  root.rotation.set(0, 0, 0);
  return {
    root,
    clips: root.animations,
    metresPerUnit,
    // The loader does not tell a scene that says metres from one that says nothing.
    unitSaidBy: metresPerUnit === 1 ? 'assumed' : 'file',
    upAxis: isTurned ? 'z' : 'y',
    upAxisSaidBy: isTurned ? 'file' : 'assumed',
    generator: null,
  };
}
