import { describe, expect, it } from 'vitest';
import { KilnError } from '../src/errors.ts';
import { completeSettings, storedSettings } from '../src/job-defaults.ts';
import { LiveView } from '../src/live/messages.ts';
import { withDefaults } from '../src/schema-defaults.ts';
import { JobRequest } from '../src/schemas/job.ts';
import { RenderSettings } from '../src/schemas/settings.ts';

const SIZE = { widthPx: 640, heightPx: 360 };

describe('completeSettings', () => {
  it('fills in every default, and leaves out what is no setting', () => {
    expect(completeSettings({ frames: '1-3', name: 'beauty', chunk: 2, size: SIZE })).toEqual({
      camera: 'auto',
      turntable: null,
      lens: null,
      size: SIZE,
      engine: 'raster',
      backend: 'auto',
      samples: 1,
      bounces: 8,
      noiseThreshold: 0,
      timeLimitSec: 0,
      clampIndirect: 0,
      filterGlossy: 0,
      denoise: false,
      format: 'png',
      bitDepth: 8,
      passes: ['beauty'],
      separatePasses: false,
      quality: 90,
      clip: null,
      fps: 24,
      moreClips: [],
      clipStartSec: 0,
      clipEndSec: null,
      clipLoop: 'repeat',
      shutterAngleDeg: 0,
      toneMapping: 'neutral',
      lut: null,
      exposureEv: 0,
      background: 'neutral',
      environment: 'studio',
      sun: null,
      environmentRotationDeg: 0,
      environmentIntensity: 1,
      backgroundBlur: 0.35,
      shadowCatcher: null,
      variant: null,
      hide: [],
      show: [],
      materials: [],
      pointers: [],
    });
  });

  it('has as many samples as the engine needs, where no number is asked for', () => {
    const samplesOf = (more: object) => completeSettings({ size: SIZE, ...more }).samples;
    expect(samplesOf({ engine: 'raster' })).toBe(1);
    expect(samplesOf({ engine: 'pathtrace' })).toBe(64);
    expect(samplesOf({ engine: 'pathtrace', samples: 1 })).toBe(1);
  });

  it('keeps what was asked for', () => {
    const asked = { ...completeSettings({ frames: '1', size: SIZE }), samples: 9, clip: 'Walk', exposureEv: -1 };
    expect(completeSettings({ frames: '1', ...asked })).toEqual(asked);
  });

  it('gives the same JSON to the same settings, in whatever order they were written', () => {
    const camera = { position: [1, 2, 3], target: [0, 0, 0], fovDeg: 40 } as const;
    const one = completeSettings({
      frames: '1',
      size: SIZE,
      camera: { ...camera, position: [1, 2, 3], target: [0, 0, 0] },
      format: 'webp',
    });
    const other = completeSettings({
      format: 'webp',
      camera: { fovDeg: 40, target: [0, 0, 0], position: [1, 2, 3] },
      background: 'neutral',
      size: { heightPx: 360, widthPx: 640 },
      frames: '7',
    });
    expect(JSON.stringify(other)).toBe(JSON.stringify(one));
    expect(Object.keys(one)).toEqual(Object.keys(RenderSettings.properties));
  });

  it('orders passes, and takes none twice nor one that is unknown', () => {
    const layer = { frames: '1', size: SIZE, format: 'exr' } as const;
    expect(completeSettings({ ...layer, passes: ['normal', 'beauty', 'depth'] }).passes).toEqual([
      'beauty',
      'depth',
      'normal',
    ]);
    const wrong = [[], ['depth', 'depth'], ['depht']];
    for (const passes of wrong) {
      expect(() => withDefaults(RenderSettings, { ...completeSettings(layer), passes }, 'the settings')).toThrow(
        expect.objectContaining({ field: expect.stringContaining('/passes') }),
      );
    }
  });

  it('refuses settings out of their range', () => {
    expect(() => completeSettings({ frames: '1', size: SIZE, samples: 0 })).toThrow(KilnError);
  });
});

describe('storedSettings', () => {
  it('fills in what an earlier version did not know, and refuses nothing of what it took', () => {
    const { passes, bounces, environment, ...earlier } = completeSettings({ size: SIZE });
    const stored = { ...earlier, fps: 0.0001 } as RenderSettings;
    expect(storedSettings(stored)).toMatchObject({ fps: 0.0001, passes, bounces, environment });
  });
});

describe('withDefaults', () => {
  it('reaches into lists', () => {
    const job = withDefaults(
      JobRequest,
      { sceneId: 'scn_0123456789abcdefghjk', layers: [{ frames: '1', size: SIZE }] },
      'the job',
    );
    expect(job).toMatchObject({ priority: 50, maxAttempts: 3 });
    expect(job.layers[0]).toMatchObject({ chunk: 1, format: 'png' });
    expect('name' in job).toBe(false);
  });

  it('completes a live view from its size', () => {
    expect(withDefaults(LiveView, { size: SIZE }, 'the view')).toMatchObject({ frameNumber: 0, fps: 24, samples: 1 });
  });

  it('still refuses what is missing without a default', () => {
    expect(() => withDefaults(LiveView, {}, 'the view')).toThrow(expect.objectContaining({ field: '/size' }));
  });
});
