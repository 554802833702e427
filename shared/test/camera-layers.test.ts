import { expect, test } from 'vitest';
import { cameraLayers } from '../src/camera-layers.ts';
import type { CameraChoice } from '../src/schemas/settings.ts';

const LAYER = { frames: '0', size: { widthPx: 64, heightPx: 64 } };
const namesOf = (...cameras: CameraChoice[]) => cameraLayers(LAYER, cameras).map(({ name }) => name);

test('one camera is one layer without a name, and none is the automatic one', () => {
  expect(cameraLayers(LAYER, [])).toEqual([{ ...LAYER, camera: 'auto' }]);
  expect(cameraLayers(LAYER, ['Front'])).toEqual([{ ...LAYER, camera: 'Front' }]);
});

test('several cameras are a layer each, named like them as far as a folder may be', () => {
  expect(cameraLayers(LAYER, ['Front', 'auto'])).toEqual([
    { ...LAYER, camera: 'Front', name: 'Front' },
    { ...LAYER, camera: 'auto', name: 'auto' },
  ]);
  const flat: CameraChoice = { position: [0, 0, 1], target: [0, 0, 0], heightM: 1 };
  expect(namesOf('../Köln 1', flat, '...', 'x'.repeat(200))).toEqual([
    'K-ln-1',
    'camera-2',
    'camera-3',
    'x'.repeat(60),
  ]);
  expect(namesOf('Front', 'front', 'Front')).toEqual(['Front', 'front-2', 'Front-3']);
});
