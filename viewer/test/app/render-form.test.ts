import {
  type CameraPath,
  DEFAULT_SAMPLES,
  ImageFormat,
  JobRequest,
  LIMITS,
  LiveView,
  matches,
  newId,
  type PathKey,
} from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import { keyAt, newKeyFrame, textFault, textOfPath, viewOnPath, withKey } from '../../src/app/scene/camera-choice.ts';
import { editableNames, freeProperties, withProperty } from '../../src/app/scene/edit-choice.ts';
import { filmBar } from '../../src/app/scene/film-choice.ts';
import { checkFrames, faultsOf } from '../../src/app/scene/form-faults.ts';
import { summariesOf } from '../../src/app/scene/form-summary.ts';
import {
  clipFrames,
  defaultForm,
  isSharpForWantOfSamples,
  jobRequest,
  lookOf,
  playedSec,
  restoreForm,
  withFormat,
  workSettings,
} from '../../src/app/scene/render-form.ts';
import { backendBar, divisionBar, engineGaps } from '../../src/app/scene/work-choice.ts';
import { REPORT } from '../fake-farm/fake-state.ts';

const SCENE = { id: newId('scene', (bytes) => bytes), name: 'Helmet' };
const CAMERA = { position: [1, 2, 3], target: [0, 1, 0], fovDeg: 38 } satisfies Parameters<typeof jobRequest>[2];
const still = defaultForm({ ...REPORT, clips: [] });

describe('defaultForm', () => {
  it('renders one frame of what stands still, and all of the first clip of what moves', () => {
    expect(still).toMatchObject({ frames: '0', clip: null });
    expect(defaultForm(REPORT)).toMatchObject({ frames: '0-47', clip: 'Bounce', fps: 24 });
    expect(clipFrames(0, 24)).toBe(1);
  });
});

describe('checkFrames', () => {
  it('counts the frames, or says where the fault is', () => {
    expect(checkFrames('1-100x3, 200')).toEqual({ ok: true, count: 35 });
    expect(checkFrames('1-10,,20')).toMatchObject({ ok: false, position: 5 });
    expect(checkFrames('')).toMatchObject({ ok: false, position: 0 });
  });
});

describe('faultsOf', () => {
  it('finds none in the default', () => {
    expect(faultsOf(still, null, {})).toEqual({});
  });

  it('names the field of every fault', () => {
    expect(faultsOf({ ...still, widthPx: 0 }, null, {})).toHaveProperty('size');
    expect(faultsOf({ ...still, widthPx: Number.NaN }, null, {})).toHaveProperty('size');
    expect(faultsOf({ ...still, heightPx: LIMITS.frameEdgePx + 1 }, null, {})).toHaveProperty('size');
    expect(faultsOf({ ...still, widthPx: 16_384, heightPx: 16_385 }, null, {})).toHaveProperty('size');
    expect(faultsOf({ ...still, format: 'jpeg', widthPx: 8_192, heightPx: 8_192 }, null, {})).toHaveProperty('size');
    const large = { ...still, engine: 'pathtrace' as const, widthPx: 16_384, heightPx: 9_216 };
    expect(faultsOf({ ...large, noiseThreshold: 0.1 }, null, {}).size).toContain('drawn in blocks');
    expect(faultsOf({ ...large, noiseThreshold: 0, timeLimitSec: 0, denoise: false }, null, {})).not.toHaveProperty(
      'size',
    );
    expect(faultsOf({ ...still, frames: '1-' }, null, {})).toHaveProperty('frames');
    expect(faultsOf({ ...still, samples: 1.5 }, null, {})).toHaveProperty('samples');
    expect(faultsOf({ ...still, fps: 0 }, null, {})).toHaveProperty('fps');
    expect(faultsOf({ ...still, format: 'jpeg', quality: 101 }, null, {})).toHaveProperty('quality');
    expect(faultsOf({ ...still, format: 'jpeg', background: 'transparent' }, null, {})).toHaveProperty('background');
    expect(faultsOf({ ...still, format: 'webp', bitDepth: 16 }, null, {})).toEqual({
      bitDepth: 'WebP holds 8 bits a channel; 16 needs png or tiff.',
    });
    expect(faultsOf({ ...still, camera: { kind: 'current' } }, null, {})).toHaveProperty('camera');
  });

  it('does not ask for the quality of what has none, nor for a view that is there', () => {
    expect(faultsOf({ ...still, format: 'png', quality: 0 }, null, {})).toEqual({});
    expect(faultsOf({ ...still, camera: { kind: 'current' } }, CAMERA, {})).toEqual({});
  });
});

describe('withFormat', () => {
  it('keeps the bit depth where the new format has it, and takes its first one else', () => {
    const deep = withFormat({ ...still, bitDepth: 16 }, 'tiff');
    expect(deep).toMatchObject({ format: 'tiff', bitDepth: 16 });
    expect(withFormat(deep, 'exr')).toMatchObject({ format: 'exr', bitDepth: 'half' });
    expect(withFormat(deep, 'jpeg')).toMatchObject({ format: 'jpeg', bitDepth: 8 });
  });
});

describe('jobRequest', () => {
  it('asks for the passes that a format can hold', () => {
    const passes = ['beauty', 'depth', 'position'] as const;
    const of = (format: ImageFormat) => jobRequest(withFormat({ ...still, passes }, format), SCENE, null).layers[0];
    expect(of('exr')?.passes).toEqual(passes);
    expect(of('png')?.passes).toEqual(['beauty', 'depth']);
    const separate = { ...still, passes, separatePasses: true };
    expect(jobRequest(withFormat(separate, 'exr'), SCENE, null).layers[0]).toHaveProperty('separatePasses', true);
    expect(jobRequest(withFormat(separate, 'png'), SCENE, null).layers[0]).not.toHaveProperty('separatePasses');
    expect(faultsOf({ ...still, passes }, null, {})).toEqual({});
  });

  it('is what the farm takes, for every camera and format', () => {
    for (const camera of [{ kind: 'auto' }, { kind: 'scene', name: 'Close' }, { kind: 'current' }] as const) {
      for (const format of ImageFormat.enum) {
        const request = jobRequest(withFormat({ ...defaultForm(REPORT), camera }, format), SCENE, CAMERA);
        expect(matches(JobRequest, request)).toBe(true);
      }
    }
  });

  it('carries what was chosen', () => {
    const form = {
      ...defaultForm(REPORT),
      format: 'webp',
      quality: 71,
      exposureEv: -1.5,
      background: 'environment',
      environment: 'venice',
      environmentRotationDeg: 90,
      environmentIntensity: 2,
      catchesShadow: true,
    } as const;
    expect(jobRequest({ ...form, camera: { kind: 'current' } }, SCENE, CAMERA).layers[0]).toEqual({
      camera: CAMERA,
      size: { widthPx: 1_280, heightPx: 720 },
      frames: '0-47',
      format: 'webp',
      bitDepth: 8,
      passes: ['beauty'],
      quality: 71,
      engine: 'raster',
      samples: 1,
      fps: 24,
      clip: 'Bounce',
      toneMapping: 'neutral',
      exposureEv: -1.5,
      background: 'environment',
      environment: 'venice',
      environmentRotationDeg: 90,
      environmentIntensity: 2,
      backgroundBlur: 0.35,
      shadowCatcher: { heightM: 'auto' },
      lut: null,
      sun: null,
      variant: null,
      shutterAngleDeg: 0,
      backend: 'auto',
      moreClips: [],
      clipStartSec: 0,
      clipEndSec: null,
      clipLoop: 'repeat',
      hide: [],
      show: [],
      materials: [],
    });
    expect(jobRequest({ ...form, camera: { kind: 'scene', name: 'auto' } }, SCENE, null).layers[0]?.camera).toBe(
      'auto',
    );
  });
});

describe('path tracing', () => {
  const traced = { ...still, engine: 'pathtrace', samples: 4, tracedSamples: 256, bounces: 12 } as const;

  it('has samples of its own, which the live view takes over at rest', () => {
    expect(jobRequest(traced, SCENE, null).layers[0]).toMatchObject({ engine: 'pathtrace', samples: 256, bounces: 12 });
    expect(lookOf(traced)).toMatchObject({ engine: 'pathtrace', samples: 256, bounces: 12 });
    const raster = jobRequest({ ...traced, engine: 'raster' }, SCENE, null).layers[0];
    expect(raster).toMatchObject({ engine: 'raster', samples: 4 });
    for (const name of ['bounces', 'noiseThreshold', 'timeLimitSec', 'clampIndirect', 'filterGlossy'])
      expect(raster).not.toHaveProperty(name);
  });

  it('catches shadows with WebGL only', () => {
    const asked = { ...traced, catchesShadow: true, backend: 'webgpu' } as const;
    expect(Object.keys(faultsOf(asked, null, {}))).toEqual(['shadowCatcher']);
    expect(faultsOf({ ...asked, engine: 'raster' }, null, {})).toEqual({});
    expect(faultsOf({ ...asked, backend: 'auto' }, null, {})).toEqual({});
    expect(lookOf(asked).shadowCatcher).toEqual({ heightM: 'auto' });
  });

  it('asks for an early end and a clamp as they were entered', () => {
    const asked = { noiseThreshold: 0.05, timeLimitSec: 60, clampIndirect: 10, filterGlossy: 0.5 };
    expect(jobRequest({ ...traced, ...asked }, SCENE, null).layers[0]).toMatchObject(asked);
    const wrong = { noiseThreshold: 2, timeLimitSec: -1, clampIndirect: Number.NaN, filterGlossy: 1.5 };
    expect(Object.keys(faultsOf({ ...traced, ...wrong }, null, {}))).toEqual(Object.keys(wrong));
    expect(faultsOf({ ...traced, ...wrong, engine: 'raster' }, null, {})).toEqual({});
  });

  it('has the pass of the noisy picture only where it is denoised', () => {
    const passes = (more: object) =>
      jobRequest({ ...traced, format: 'exr', bitDepth: 'half', passes: ['beauty', 'noisy'], ...more }, SCENE, null)
        .layers[0]?.passes;
    expect(passes({ denoise: true })).toEqual(['beauty', 'noisy']);
    expect(passes({ denoise: false })).toEqual(['beauty']);
    expect(passes({ denoise: true, engine: 'raster' })).toEqual(['beauty']);
    const large = { widthPx: 7_680, heightPx: 4_320 };
    expect(faultsOf({ ...traced, ...large, denoise: true }, null, {})).toHaveProperty('size');
    expect(faultsOf({ ...traced, ...large, denoise: false }, null, {})).toEqual({});
  });

  it('is refused with what it cannot draw of the scene, and with numbers outside the limits', () => {
    const gaps = [{ engine: 'pathtrace', what: 'points' }] as const;
    expect(faultsOf(traced, null, { gaps: [...gaps] }).engine).toContain('points');
    expect(faultsOf({ ...traced, engine: 'raster' }, null, { gaps: [...gaps] })).toEqual({});
    expect(faultsOf(traced, null, { triangles: 5_000_001 }).engine).toContain('5,000,001');
    expect(faultsOf({ ...traced, engine: 'raster' }, null, { triangles: 5_000_001 })).toEqual({});
    expect(faultsOf({ ...traced, bounces: 0 }, null, {})).toHaveProperty('bounces');
    expect(faultsOf({ ...traced, tracedSamples: 0 }, null, {})).toHaveProperty('samples');
  });
});

describe('lens and motion', () => {
  const moving = { ...still, samples: 16, shutterAngleDeg: 180 };

  it('go into the job as the farm has them, and only when they are on', () => {
    const of = (form: typeof still) => jobRequest(form, SCENE, null).layers[0];
    expect(of(moving)).toMatchObject({ shutterAngleDeg: 180 });
    expect(of(moving)).not.toHaveProperty('lens');
    expect(of(moving)).not.toHaveProperty('turntable');
    const lens = { ...moving, hasLens: true, fStop: 1.8, focusDistanceM: 3 };
    expect(of(lens)).toMatchObject({ lens: { fStop: 1.8, focusDistanceM: 'auto' } });
    const all = { ...lens, isFocusAuto: false, isTurning: true, turntableFrames: 24 };
    expect(of(all)).toMatchObject({ lens: { fStop: 1.8, focusDistanceM: 3 }, turntable: { frames: 24 } });
    expect(matches(JobRequest, jobRequest(all, SCENE, null))).toBe(true);
    expect(matches(LiveView, { ...lookOf(all), size: { widthPx: 64, heightPx: 64 }, frameNumber: 0 })).toBe(true);
  });

  it('are refused outside the limits, and of orthographic cameras', () => {
    expect(faultsOf({ ...still, hasLens: true, fStop: 0 }, null, {})).toHaveProperty('fStop');
    expect(faultsOf({ ...still, fStop: 0 }, null, {})).toEqual({});
    const near = { ...still, hasLens: true, isFocusAuto: false, focusDistanceM: 0 };
    expect(faultsOf(near, null, {})).toHaveProperty('focusDistanceM');
    expect(faultsOf({ ...still, isTurning: true, turntableFrames: 0.5 }, null, {})).toHaveProperty('turntableFrames');
    const flat = { ...still, hasLens: true, camera: { kind: 'scene', name: 'Plan' } } as const;
    const cameras = [{ name: 'Plan', kind: 'orthographic', fovDeg: null } as const];
    expect(faultsOf(flat, null, { cameras })).toHaveProperty('lens');
    expect(faultsOf({ ...flat, hasLens: false }, null, { cameras })).toEqual({});
  });

  it('need samples', () => {
    expect(isSharpForWantOfSamples(moving)).toBe(false);
    expect(isSharpForWantOfSamples({ ...moving, samples: 1 })).toBe(true);
  });

  it('[LV30] are what the picture at rest comes to, as path tracing is', () => {
    expect(lookOf(still)).toMatchObject({ engine: 'raster', samples: still.samples, lens: null, shutterAngleDeg: 0 });
    expect(lookOf(still)).not.toHaveProperty('bounces');
    const all = { ...moving, hasLens: true, isFocusAuto: false, focusDistanceM: 3, engine: 'pathtrace' } as const;
    const look = { ...lookOf({ ...all, tracedSamples: 50, bounces: 3, denoise: true }) };
    expect(look).toMatchObject({ engine: 'pathtrace', samples: 50, bounces: 3, denoise: true, shutterAngleDeg: 180 });
    expect(look.lens).toMatchObject({ focusDistanceM: 3 });
    // While numbers are typed.
    const typed = lookOf({ ...all, tracedSamples: 0, bounces: Number.NaN, focusDistanceM: -1 });
    expect(typed).toMatchObject({ samples: DEFAULT_SAMPLES.pathtrace });
    expect(typed).not.toHaveProperty('bounces');
    expect(typed).not.toHaveProperty('lens');
  });
});

describe('cameras', () => {
  const key = (frame: number, x: number) => ({ frame, position: [x, 1, 4], target: [0, 0, 0], fovDeg: 40 }) as PathKey;
  const flown = { ...still, camera: { kind: 'path' } } as const;

  it('are a layer each', () => {
    const form = { ...still, camera: { kind: 'scene', name: 'Close' }, moreCameras: ['Close', 'Above'] } as const;
    expect(jobRequest(form, SCENE, null).layers.map(({ camera, name }) => [camera, name])).toEqual([
      ['Close', 'Close'],
      ['Above', 'Above'],
    ]);
    expect(jobRequest({ ...form, moreCameras: ['Close'] }, SCENE, null).layers).toHaveLength(1);
  });

  it('fly from key to key, once there is one and each is later than the one before', () => {
    expect(faultsOf(flown, CAMERA, {}).camera).toContain('no key yet');
    const path = { path: [key(0, 4), key(24, -4)] };
    expect(faultsOf({ ...flown, path }, null, {})).toEqual({});
    const request = jobRequest({ ...flown, path }, SCENE, null);
    expect(request.layers[0]?.camera).toEqual(path);
    expect(matches(JobRequest, request)).toBe(true);
    expect(faultsOf({ ...flown, path: { path: [key(24, 4), key(0, -4)] } }, null, {}).camera).toContain(
      '/path/1/frame',
    );
    expect(restoreForm(still, { ...flown, path })).toEqual({ ...flown, path });
    expect(restoreForm(still, { ...flown, path: { path: 'here' } }).path).toEqual({ path: [] });
  });

  it('get keys in the order of their frames, with the kind of lens that the path has', () => {
    const path = withKey({ path: [key(0, 4), key(48, 0)] }, keyAt(24, CAMERA, { path: [] }), 24);
    expect(path.path.map(({ frame }) => frame)).toEqual([0, 24, 48]);
    expect(path.path[1]).toEqual({ frame: 24, position: [1, 2, 3], target: [0, 1, 0], fovDeg: 38 });
    expect(newKeyFrame(path, 12, 24)).toBe(12);
    expect(newKeyFrame(path, 24, 24)).toBe(72);
    const long: CameraPath = { path: [{ frame: 0, position: [4, 1, 4], target: [0, 0, 0], focalLengthMm: 50 }] };
    const { fovDeg, ...added } = keyAt(24, { ...CAMERA, fovDeg: 2 * (180 / Math.PI) * Math.atan(12 / 35) }, long);
    expect(fovDeg).toBeUndefined();
    expect(added.focalLengthMm).toBeCloseTo(35, 3);
    expect(faultsOf({ ...flown, path: { path: [...long.path, added] } }, null, {})).toEqual({});
    expect(textFault(textOfPath({ ...path, interpolation: 'linear' }), 24)).toBeNull();
    expect(viewOnPath(path, 24, 24)).toMatchObject({ position: [1, 2, 3], target: [0, 1, 0] });
  });
});

describe('division and back end', () => {
  const divided = { ...still, isDivided: true, columns: 2, rows: 3, sampleRanges: 1 };

  it('go into the job, as far as the frame can be divided', () => {
    expect(jobRequest(divided, SCENE, null).layers[0]).toMatchObject({ tiles: { columns: 2, rows: 3 } });
    expect(jobRequest({ ...divided, isDivided: false }, SCENE, null).layers[0]).not.toHaveProperty('tiles');
    const ranges = { ...divided, columns: 1, rows: 1, sampleRanges: 4 };
    expect(faultsOf(ranges, null, {}).division).toContain('at most 1 for 1 samples');
    expect(faultsOf({ ...ranges, samples: 64 }, null, {})).toEqual({});
    const [layer] = jobRequest({ ...ranges, samples: 64 }, SCENE, null).layers;
    expect(layer).toMatchObject({ splitSamples: 4 });
    expect(layer).not.toHaveProperty('tiles');
    expect(faultsOf({ ...divided, rows: 0 }, null, {})).toHaveProperty('division');
  });

  it('are barred with the reason, and then not asked for', () => {
    const denoised = { ...divided, engine: 'pathtrace', denoise: true } as const;
    expect(divisionBar(workSettings(denoised))).toContain('denoised');
    expect(faultsOf(denoised, null, {})).toEqual({});
    expect(jobRequest(denoised, SCENE, null).layers[0]).not.toHaveProperty('tiles');
    const able = [{ capabilities: [{ engine: 'raster', backend: 'webgl' }] }] as const;
    expect(backendBar('raster', 'webgpu', [])).toBeNull();
    expect(
      backendBar(
        'raster',
        'webgpu',
        able.map((worker) => ({ capabilities: [...worker.capabilities] })),
      ),
    ).toContain('No worker');
    expect(filmBar('mov', [{ filmMakers: ['page'] }])).toContain('ffmpeg');
    expect(filmBar('mp4', [{ filmMakers: ['page'] }])).toBeNull();
    expect(engineGaps('raster').map(({ feature }) => feature)).toContain('light from surface to surface');
    const has = (backend: 'auto' | 'webgl' | 'webgpu') =>
      engineGaps('pathtrace', backend).some(({ feature }) => feature === 'dispersion');
    expect([has('auto'), has('webgl'), has('webgpu')]).toEqual([true, true, false]);
  });
});

describe('what is changed of a scene', () => {
  it('takes properties in and back, and forgets a material with none', () => {
    const one = withProperty([], 'Paint', 'roughness', 0.2);
    const two = withProperty(one, 'Paint', 'baseColor', '#ff0000');
    expect(two).toEqual([{ material: 'Paint', roughness: 0.2, baseColor: '#ff0000' }]);
    expect(withProperty(withProperty(two, 'Paint', 'baseColor', undefined), 'Paint', 'roughness', undefined)).toEqual(
      [],
    );
    expect(freeProperties({ material: 'Sign', opacity: 0.5 }, REPORT)).toEqual(['baseColor']);
    expect(editableNames(REPORT).nodes).toEqual(['Floor', 'Ball', 'Ball-2', 'Lamp']);
    const form = { ...still, materials: two, hide: ['Ball'] };
    expect(jobRequest(form, SCENE, null).layers[0]).toMatchObject({ materials: two, hide: ['Ball'] });
    expect(lookOf(form)).toMatchObject({ materials: two, hide: ['Ball'] });
  });

  it('is said while the part of the form is closed', () => {
    const form = { ...still, materials: withProperty([], 'Paint', 'roughness', 0.2), hide: ['Ball'], variant: 'Beach' };
    expect(summariesOf(form).objects).toBe('Beach · 1 hidden · 1 material changed');
    expect(summariesOf(still)).toMatchObject({ camera: 'Automatic', motion: 'Off', work: 'Automatic' });
  });
});

describe('a part of a clip', () => {
  const moving = defaultForm(REPORT);
  const { clips } = REPORT;

  it('lies within every clip that is played', () => {
    expect(faultsOf({ ...moving, clipStartSec: 1, clipEndSec: 2 }, null, { clips })).toEqual({});
    expect(faultsOf({ ...moving, clipStartSec: 2 }, null, { clips }).clipStartSec).toContain('ends at 2 s');
    expect(faultsOf({ ...moving, clipEndSec: 2.5 }, null, { clips })).toHaveProperty('clipEndSec');
    expect(faultsOf({ ...moving, clipStartSec: 1.5, clipEndSec: 1 }, null, { clips })).toHaveProperty('clipEndSec');
    const both = { ...moving, moreClips: ['Rest'], clipEndSec: 1.5 };
    expect(faultsOf(both, null, { clips }).clipEndSec).toContain('“Rest” ends at 1 s');
  });

  it('has as many frames as it is long, there and back', () => {
    const part = { clipStartSec: 0.5, clipEndSec: 1.5, clipLoop: 'repeat' } as const;
    expect(playedSec(part, { name: 'Bounce', durationSec: 2 })).toBe(1);
    expect(playedSec({ ...part, clipLoop: 'pingpong' }, { name: 'Bounce', durationSec: 2 })).toBe(2);
    expect(playedSec({ ...part, clipEndSec: null }, { name: 'Bounce', durationSec: 2 })).toBe(1.5);
  });
});

describe('lookOf', () => {
  it('is always something that can be drawn, also while numbers are being typed', () => {
    const look = lookOf({ ...still, samples: Number.NaN, fps: 0, exposureEv: 99 });
    expect(matches(LiveView, { ...look, size: { widthPx: 64, heightPx: 64 }, frameNumber: 0 })).toBe(true);
  });
});

describe('restoreForm', () => {
  it('takes what still fits of an earlier form', () => {
    expect(restoreForm(still, { widthPx: 640, frames: '5', samples: 'many', colour: 'red', camera: null })).toEqual({
      ...still,
      widthPx: 640,
      frames: '5',
    });
    expect(restoreForm(still, { toneMapping: 'sepia', widthPx: 640 })).toBe(still);
    expect(restoreForm(still, { format: 'exr', bitDepth: 'float' })).toEqual({
      ...still,
      format: 'exr',
      bitDepth: 'float',
    });
    expect(restoreForm(still, { format: 'exr', bitDepth: 9 })).toEqual({ ...still, format: 'exr', bitDepth: 'half' });
    expect(restoreForm(still, null)).toBe(still);
    expect(restoreForm(still, 'x')).toBe(still);
  });
});

describe('what few jobs ask for', () => {
  const asked = {
    ...still,
    frames: '1-20',
    ...{ budget: ' 2h ', testFrames: 'first, last', asksAfterTests: true, maxAttempts: 5, maxFailedTasks: 3 },
    ...{ frameTimeoutMin: 1.5, limits: 'denoiser', maxPerHost: 2, classPolicy: 'prefer' as const, gpu: ' RTX ' },
    ...{ requiredTags: 'fast, node=a12', gpuMemoryGib: 16, notify: 'none' as const },
    after: 'job_00000000000000000000',
  };

  it('is asked for where it is not as usual', () => {
    const usual = jobRequest(still, SCENE, null);
    for (const name of ['budget', 'testFrames', 'maxAttempts', 'limits', 'requires', 'after', 'notify']) {
      expect(usual).not.toHaveProperty(name);
    }
    expect(usual.layers[0]).not.toHaveProperty('chunk');
    const request = jobRequest(asked, SCENE, null);
    expect(request).toMatchObject({
      budget: '2h',
      testFrames: { frames: 'first, last', approve: true },
      maxAttempts: 5,
      maxFailedTasks: 3,
      frameTimeoutMs: 90_000,
      limits: ['denoiser'],
      maxPerHost: 2,
      classPolicy: 'prefer',
      requires: { tags: ['fast', 'node=a12'], gpu: 'RTX', gpuMemoryBytes: 17_179_869_184 },
      after: [asked.after],
      notify: [],
    });
    expect(matches(JobRequest, request)).toBe(true);
    expect(faultsOf(asked, null, REPORT)).toEqual({});
    expect(summariesOf(asked).advanced).toBe('Budget 2h · test frames · certain workers · denoiser · after others');
    expect(summariesOf(still).advanced).toBe('As usual');
    expect(restoreForm(still, JSON.parse(JSON.stringify(asked)))).toEqual(asked);
  });

  it('cuts tasks by frames or by seconds, where frames are not divided', () => {
    const layer = (form: object) => jobRequest({ ...still, ...form }, SCENE, null).layers[0];
    expect(layer({ chunkSize: 8 })).toMatchObject({ chunk: 8 });
    expect(layer({ chunkBy: 'seconds', chunkSize: 30 })).toMatchObject({ chunk: { seconds: 30 } });
    expect(layer({ chunkSize: 8, isDivided: true })).not.toHaveProperty('chunk');
  });

  it('says what is wrong with it', () => {
    const wrong = {
      ...asked,
      ...{ budget: 'a lot', testFrames: '99', chunkSize: 0, maxAttempts: 0, maxFailedTasks: -1, frameTimeoutMin: 0.01 },
      ...{
        limits: 'a b',
        maxPerHost: 1.5,
        requiredTags: 'no spaces',
        gpu: 'x'.repeat(201),
        gpuMemoryGib: -1,
        after: 'x',
      },
    };
    expect(Object.keys(faultsOf(wrong, null, REPORT)).sort()).toEqual(
      [
        ...['after', 'budget', 'chunkSize', 'frameTimeoutMin', 'gpu', 'gpuMemoryGib', 'limits', 'maxAttempts'],
        ...['maxFailedTasks', 'maxPerHost', 'requiredTags', 'testFrames'],
      ].sort(),
    );
    expect(faultsOf({ ...wrong, frames: 'x' }, null, REPORT)).not.toHaveProperty('testFrames');
  });
});

describe('priority and labels', () => {
  it('are asked for where they are not as usual', () => {
    expect(jobRequest(still, SCENE, null)).not.toHaveProperty('priority');
    const form = { ...still, priority: 80, tags: ' hero, v3 ,, hero', maxSlots: 4 };
    const request = jobRequest(form, SCENE, null);
    expect(request).toMatchObject({ priority: 80, tags: ['hero', 'v3'], maxSlots: 4 });
    expect(matches(JobRequest, request)).toBe(true);
    expect(faultsOf(form, null, REPORT)).toEqual({});
    expect(summariesOf(form).job).toBe('Priority 80 · 4 tasks at once · hero, v3');
  });

  it('say what is wrong with them', () => {
    const wrong = { ...still, priority: 101, tags: 'x'.repeat(LIMITS.tagChars + 1), maxSlots: 1.5 };
    expect(Object.keys(faultsOf(wrong, null, REPORT))).toEqual(['priority', 'tags', 'maxSlots']);
  });
});
