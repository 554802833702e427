import { ImageFormat, JobRequest, LIMITS, LiveView, matches, newId } from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import {
  checkFrames,
  clipFrames,
  defaultForm,
  faultsOf,
  isSharpForWantOfSamples,
  jobRequest,
  lookOf,
  notInLiveView,
  restoreForm,
  withFormat,
} from '../../src/app/scene/render-form.ts';
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
    expect(faultsOf({ ...still, widthPx: 8_192, heightPx: 8_192 }, null, {})).toHaveProperty('size');
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
  it('asks for passes of a format that has layers only', () => {
    const passes = ['beauty', 'depth'] as const;
    const of = (format: ImageFormat) => jobRequest(withFormat({ ...still, passes }, format), SCENE, null).layers[0];
    expect(of('exr')?.passes).toEqual(passes);
    expect(of('png')).not.toHaveProperty('passes');
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
    } as const;
    expect(jobRequest({ ...form, camera: { kind: 'current' } }, SCENE, CAMERA).layers[0]).toEqual({
      camera: CAMERA,
      size: { widthPx: 1_280, heightPx: 720 },
      frames: '0-47',
      format: 'webp',
      bitDepth: 8,
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
      lut: null,
      sun: null,
      variant: null,
      shutterAngleDeg: 0,
    });
    expect(jobRequest({ ...form, camera: { kind: 'scene', name: 'auto' } }, SCENE, null).layers[0]?.camera).toBe(
      'auto',
    );
  });
});

describe('path tracing', () => {
  const traced = { ...still, engine: 'pathtrace', samples: 4, tracedSamples: 256, bounces: 12 } as const;

  it('has samples of its own, which the live view does not take over', () => {
    expect(jobRequest(traced, SCENE, null).layers[0]).toMatchObject({ engine: 'pathtrace', samples: 256, bounces: 12 });
    expect(lookOf(traced).samples).toBe(1);
    const raster = jobRequest({ ...traced, engine: 'raster' }, SCENE, null).layers[0];
    expect(raster).toMatchObject({ engine: 'raster', samples: 4 });
    for (const name of ['bounces', 'noiseThreshold', 'timeLimitSec', 'clampIndirect', 'filterGlossy'])
      expect(raster).not.toHaveProperty(name);
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

  it('are said to be missing in the live view, and to need samples', () => {
    expect(notInLiveView(still)).toEqual([]);
    const all = { ...moving, hasLens: true, isTurning: true, engine: 'pathtrace' } as const;
    expect(notInLiveView(all)).toEqual(['path tracing', 'depth of field', 'motion blur', 'the turntable']);
    expect(isSharpForWantOfSamples(moving)).toBe(false);
    expect(isSharpForWantOfSamples({ ...moving, samples: 1 })).toBe(true);
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
