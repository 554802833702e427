import { completeSettings, type LayerRequest } from '@kiln/shared';
import { expect, it } from 'vitest';
import { chosenBackend, WEBGL_ONLY } from '../../src/deliveries/chosen-backend.ts';

const settings = (more: Partial<LayerRequest> = {}) =>
  completeSettings({ frames: '0', size: { widthPx: 8, heightPx: 8 }, engine: 'pathtrace', ...more });
const TRACES_WITH_WEBGPU = { raster: 'webgl', pathtrace: 'webgpu' } as const;

it('is what the job asks for, else what the worker has settled on for the engine', () => {
  expect(chosenBackend(settings(), TRACES_WITH_WEBGPU)).toBe('webgpu');
  expect(chosenBackend(settings({ engine: 'raster' }), TRACES_WITH_WEBGPU)).toBe('webgl');
  expect(chosenBackend(settings({ backend: 'webgl' }), TRACES_WITH_WEBGPU)).toBe('webgl');
  expect(chosenBackend(settings({ backend: 'webgpu' }), WEBGL_ONLY)).toBe('webgpu');
});

it('is the other where only that has what the job asks for', () => {
  const shadowCatcher = { heightM: 'auto' } as const;
  expect(chosenBackend(settings({ shadowCatcher }), TRACES_WITH_WEBGPU)).toBe('webgl');
  expect(chosenBackend(settings({ denoise: true }), TRACES_WITH_WEBGPU)).toBe('webgpu');
});
