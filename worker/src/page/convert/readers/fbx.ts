import { TextureLoader } from 'three';
import { FBXLoader } from 'three/addons/loaders/FBXLoader.js';
import { type FbxFacts, isBinaryFbx, readFbxRecords } from '../fbx-records.ts';
import type { ReaderInput, ReadScene } from '../read-scene.ts';
import { readText } from '../read-text.ts';

const AXES = ['x', 'y', 'z'] as const;

/** FBX from version 7.0 on, binary or text. Units are centimetres times a factor. */
export async function readFbx({ bytes, path, images }: ReaderInput): Promise<ReadScene> {
  const facts = isBinaryFbx(bytes) ? readFbxRecords(bytes, path) : factsOfText(readText(bytes, path));
  images.manager.addHandler(/\.tga$/i, new TextureLoader(images.manager));
  const root = new FBXLoader(images.manager).parse(bytes.buffer, '');
  const factor: unknown = root.userData.unitScaleFactor;
  const isUnitSaid = typeof factor === 'number' && Number.isFinite(factor) && factor > 0;
  const upAxis = AXES[facts.upAxis ?? 1];
  return {
    root,
    clips: root.animations,
    metresPerUnit: (isUnitSaid ? factor : 1) / 100,
    unitSaidBy: isUnitSaid ? 'file' : 'format',
    upAxis: upAxis ?? 'y',
    upAxisSaidBy: facts.upAxis === null || !upAxis ? 'format' : 'file',
    generator: facts.generator,
    isTurned: upAxis === 'z',
    hasUnitlessLights: true,
  };
}

function factsOfText(text: string): FbxFacts {
  const axis = /^\s*P:\s*"UpAxis"(?:\s*,\s*"[^"]*")*\s*,\s*(-?\d+)/m.exec(text)?.[1];
  return {
    upAxis: axis === undefined ? null : Number(axis),
    generator: /^\s*Creator:\s*"([^"]*)"/m.exec(text)?.[1] ?? null,
  };
}
