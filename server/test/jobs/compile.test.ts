import {
  type CameraChoice,
  type Capability,
  ENGINE_ABILITIES,
  type ErrorCode,
  type JobRequest,
  KilnError,
  type LayerRequest,
  LIMITS,
  type Vector3,
} from '@kiln/shared';
import { describe, expect, test } from 'vitest';
import { type CompilerScene, compileJob } from '../../src/jobs/compile.ts';
import { REPORT } from '../farm-fixture.ts';

const SCENE: CompilerScene = {
  kind: 'scene',
  id: 'scn_00000000000000000000',
  name: 'helmet',
  state: 'ready',
  report: {
    ...REPORT,
    cameras: [
      { name: 'camera-0', kind: 'perspective', fovDeg: 40 },
      { name: 'Front', kind: 'orthographic', fovDeg: null },
    ],
  },
  refusal: null,
};
const RASTER: Capability[] = [{ engine: 'raster', backend: 'webgl' }];

const layer = (more: Partial<LayerRequest> = {}): LayerRequest => ({
  frames: '1-3',
  size: { widthPx: 640, heightPx: 360 },
  ...more,
});
const job = (...layers: LayerRequest[]): JobRequest => ({ sceneId: SCENE.id, layers });

function failure(request: JobRequest, scene = SCENE, abilities = RASTER): KilnError {
  try {
    compileJob(request, scene, abilities);
  } catch (error) {
    if (error instanceof KilnError) return error;
    throw error;
  }
  throw new Error('the job was accepted');
}

describe('compileJob', () => {
  test('fills in every default', () => {
    const compiled = compileJob(job(layer()), SCENE, RASTER);
    expect(compiled).toMatchObject({ name: 'helmet', priority: 50, maxAttempts: 3, frameCount: 3 });
    expect(compiled.layers[0]).toMatchObject({ name: 'main', frameCount: 3, chunk: 1, taskCount: 3 });
    expect(compiled.layers[0]?.settings).toMatchObject({
      engine: 'raster',
      backend: 'auto',
      camera: 'auto',
      samples: 1,
    });
  });

  test('gives the same result for the same input', () => {
    expect(compileJob(job(layer()), SCENE, RASTER)).toEqual(compileJob(job(layer()), SCENE, RASTER));
  });

  test('counts tasks by chunks, the last one short', () => {
    const [only] = compileJob(job(layer({ frames: '1-10', chunk: 4 })), SCENE, RASTER).layers;
    expect(only).toMatchObject({ frameCount: 10, chunk: 4, taskCount: 3 });
  });

  test('refuses a film of frames that are drawn out of their order, with the frames', () => {
    const films: LayerRequest['films'] = [{ format: 'mp4' }];
    expect(compileJob(job(layer({ frames: '1-8:4' })), SCENE, RASTER).frameCount).toBe(8);
    expect(failure(job(layer({ frames: '1-8:4', films })))).toMatchObject({
      code: 'request.invalid',
      field: '/layers/0/frames',
    });
  });

  test('names layers that have no name, around those that have one', () => {
    const names = compileJob(job(layer(), layer({ name: 'main-2' }), layer(), layer({ name: 'depth' })), SCENE, RASTER);
    expect(names.layers.map(({ name }) => name)).toEqual(['main', 'main-2', 'main-3', 'depth']);
  });

  test('takes a camera path, and refuses one that goes back in time, with the key', () => {
    const key = (frame: number) => ({
      frame,
      position: [0, 0, 4] as Vector3,
      target: [0, 0, 0] as Vector3,
      fovDeg: 40,
    });
    const of = (...frames: number[]) => job(layer({ camera: { path: frames.map(key) } }));
    const [only] = compileJob(of(0, 8), SCENE, RASTER).layers;
    expect(only?.settings.camera).toEqual({ path: [key(0), key(8)], interpolation: 'smooth' });
    expect(failure(of(8, 0))).toMatchObject({ code: 'request.invalid', field: '/layers/0/camera/path/1/frame' });
  });

  test.each([
    [{ moreClips: ['Walk'] }, 'job.unknown_clip', '/layers/0/moreClips/0'],
    [{ clipStartSec: 2 }, 'request.invalid', '/layers/0/clipStartSec'],
    [{ clipEndSec: 3 }, 'request.invalid', '/layers/0/clipEndSec'],
    [{ clipStartSec: 1, clipEndSec: 1 }, 'request.invalid', '/layers/0/clipEndSec'],
  ] as [Partial<LayerRequest>, ErrorCode, string][])(
    'refuses a part of a clip that is not there: %j',
    (more, code, field) => {
      const clips = [{ name: 'Run', durationSec: 2 }];
      const scene = { ...SCENE, report: { ...REPORT, clips } };
      expect(failure(job(layer(more)), scene)).toMatchObject({ code, field });
      expect(compileJob(job(layer({ clipStartSec: 0.5, clipEndSec: 2 })), scene, RASTER).layers).toHaveLength(1);
    },
  );

  test('refuses two layers of one name', () => {
    const error = failure(job(layer({ name: 'a' }), layer({ name: 'a' })));
    expect(error).toMatchObject({ code: 'request.invalid', field: '/layers/1/name' });
  });

  test('takes a camera by its name, an unnamed one by that which the import gave it, and one that is given', () => {
    const given: CameraChoice = { position: [1, 1, 1], target: [0, 0, 0], fovDeg: 40 };
    const posed: CameraChoice = { position: [1, 1, 1], quaternion: [0, 0.6, 0, 0.8], fovDeg: 40, targetDistanceM: 2 };
    for (const camera of ['Front', 'camera-0', 'auto', given, posed]) {
      expect(compileJob(job(layer({ camera })), SCENE, RASTER).layers[0]?.settings.camera).toEqual(camera);
    }
  });

  test('refuses a camera that the scene does not have, and lists those that it has', () => {
    const error = failure(job(layer(), layer({ camera: 'Back' })));
    expect(error).toMatchObject({ code: 'job.unknown_camera', field: '/layers/1/camera' });
    expect(error.message).toContain('auto, camera-0, Front');
  });

  test('refuses a pose that is turned no way', () => {
    const camera: CameraChoice = { position: [1, 1, 1], quaternion: [0, 0, 0, 0], fovDeg: 40 };
    const error = failure(job(layer({ camera })));
    expect(error).toMatchObject({ code: 'request.invalid', field: '/layers/0/camera/quaternion' });
  });

  test('takes the scene’s own environment, and refuses it of a scene that has none', () => {
    const asked = job(layer({ environment: 'scene' }));
    const error = failure(asked);
    expect(error).toMatchObject({ code: 'job.unsupported', field: '/layers/0/environment' });
    expect(error.message).toMatch(/^the scene has no environment of its own; [^.]*$/);
    const lit = { ...SCENE, report: { ...REPORT, environment: { widthPx: 512, heightPx: 256 } } };
    expect(compileJob(asked, lit, RASTER).layers[0]?.settings.environment).toBe('scene');
  });

  test('refuses a clip that the scene does not have', () => {
    expect(failure(job(layer({ clip: 'Run' })))).toMatchObject({ code: 'job.unknown_clip', field: '/layers/0/clip' });
    expect(compileJob(job(layer({ clip: 'Walk' })), SCENE, RASTER).layers[0]?.settings.clip).toBe('Walk');
  });

  test('refuses a camera that looks nowhere', () => {
    const looking = (position: Vector3, target: Vector3) => job(layer({ camera: { position, target, fovDeg: 40 } }));
    for (const [position, target] of [
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
      [
        [1e200, 0, 0],
        [0, 0, 0],
      ],
      [
        [1e-200, 0, 0],
        [0, 0, 0],
      ],
    ] satisfies [Vector3, Vector3][]) {
      const error = failure(looking(position, target));
      expect(error).toMatchObject({ code: 'request.invalid', field: '/layers/0/camera/target' });
    }
    expect(compileJob(looking([0, 0, 1e-6], [0, 0, 0]), SCENE, RASTER).frameCount).toBe(3);
  });

  test('refuses what is up along the line of sight', () => {
    const looking = (up: Vector3) => job(layer({ camera: { position: [0, 0, 2], target: [0, 0, 0], heightM: 1, up } }));
    for (const up of [
      [0, 0, 1],
      [0, 0, -5],
      [0, 0, 0],
    ] satisfies Vector3[]) {
      expect(failure(looking(up))).toMatchObject({ code: 'request.invalid', field: '/layers/0/camera/up' });
    }
    expect(compileJob(looking([0, 0.1, 1]), SCENE, RASTER).frameCount).toBe(3);
  });

  test('refuses depth of field of orthographic cameras', () => {
    const lens = { fStop: 2, focusDistanceM: 'auto' } as const;
    const flat: CameraChoice = { position: [0, 0, 2], target: [0, 0, 0], heightM: 1 };
    for (const camera of ['Front', flat]) {
      expect(failure(job(layer({ lens, camera })))).toMatchObject({ code: 'job.unsupported', field: '/layers/0/lens' });
    }
    for (const camera of ['auto', 'camera-0']) {
      expect(compileJob(job(layer({ lens, camera })), SCENE, RASTER).layers[0]?.settings.lens).toEqual(lens);
    }
  });

  test('refuses a noise threshold and other things of path tracing for raster, and a time limit that no frame may take', () => {
    const both: Capability[] = [...RASTER, { engine: 'pathtrace', backend: 'webgl' }];
    const asked = layer({ noiseThreshold: 0.1 });
    expect(failure(job(layer(), asked))).toMatchObject({ code: 'job.unsupported', field: '/layers/1/noiseThreshold' });
    expect(compileJob(job({ ...asked, engine: 'pathtrace' }), SCENE, both).layers[0]?.settings.noiseThreshold).toBe(
      0.1,
    );
    const limited = (timeLimitSec: number) => ({
      ...job(layer({ engine: 'pathtrace', timeLimitSec })),
      frameTimeoutMs: 60_000,
    });
    expect(compileJob(limited(59), SCENE, both).frameTimeoutMs).toBe(60_000);
    expect(failure(limited(60), SCENE, both)).toMatchObject({
      code: 'request.invalid',
      field: '/layers/0/timeLimitSec',
    });
  });

  test('refuses to denoise what is too large for it, and the pass noisy of a picture that is not denoised', () => {
    const both: Capability[] = [...RASTER, { engine: 'pathtrace', backend: 'webgl' }];
    const asked = layer({ engine: 'pathtrace', format: 'exr', passes: ['beauty', 'noisy'] });
    expect(failure(job(asked), SCENE, both)).toMatchObject({ code: 'job.unsupported', field: '/layers/0/passes' });
    expect(compileJob(job({ ...asked, denoise: true }), SCENE, both).layers[0]?.settings.denoise).toBe(true);
    const size = { widthPx: 4_096, heightPx: LIMITS.passPixels / 4_096 };
    const large = (heightPx: number) => job(layer({ engine: 'pathtrace', denoise: true, size: { ...size, heightPx } }));
    expect(compileJob(large(size.heightPx), SCENE, both).frameCount).toBe(3);
    expect(failure(large(size.heightPx + 1), SCENE, both)).toMatchObject({
      code: 'job.too_large',
      field: '/layers/0/size',
    });
  });

  test('draws a frame that is denoised as one part: the filter looks beyond the edges of parts', () => {
    const both: Capability[] = [...RASTER, { engine: 'pathtrace', backend: 'webgl' }];
    const long = layer({ engine: 'pathtrace', samples: 4_096, size: { widthPx: 1_920, heightPx: 1_080 } });
    expect(compileJob(job(long), SCENE, both).layers[0]?.division).not.toBeNull();
    const onePart = { tiles: { columns: 1, rows: 1 }, sampleRanges: 1 };
    expect(compileJob(job({ ...long, denoise: true }), SCENE, both).layers[0]?.division).toEqual(onePart);
    const divided = { ...long, denoise: true, splitSamples: 2 };
    expect(failure(job(divided), SCENE, both)).toMatchObject({
      code: 'job.unsupported',
      field: '/layers/0/splitSamples',
    });
  });

  test('refuses to trace a scene of more triangles than the limit, with both numbers', () => {
    const both: Capability[] = [...RASTER, { engine: 'pathtrace', backend: 'webgl' }];
    const of = (triangles: number): CompilerScene => ({ ...SCENE, report: { ...REPORT, triangles } });
    const traced = job(layer({ engine: 'pathtrace' }));
    expect(compileJob(traced, of(LIMITS.tracedTriangles), both).frameCount).toBe(3);
    const error = failure(traced, of(LIMITS.tracedTriangles + 1), both);
    expect(error).toMatchObject({ code: 'job.too_large', field: '/layers/0/engine' });
    expect(error.message).toMatch(/5000000.+5000001/);
    expect(compileJob(job(layer()), of(LIMITS.tracedTriangles + 1), both).frameCount).toBe(3);
  });

  test('says where a frame expression is wrong', () => {
    const error = failure(job(layer({ frames: '1-3,x' })));
    expect(error).toMatchObject({ code: 'job.bad_frame_range', field: '/layers/0/frames', position: 4 });
  });

  test('takes as many frames as the limit in all layers together, and not one more', () => {
    const most = LIMITS.jobFrames;
    expect(compileJob(job(layer({ frames: `1-${most}` })), SCENE, RASTER).frameCount).toBe(most);
    expect(failure(job(layer({ frames: `1-${most}` }), layer({ frames: '1' })))).toMatchObject({
      code: 'job.too_large',
      field: '/layers/1/frames',
    });
  });

  test('takes as many pixels as the limit, and not one more', () => {
    const heightPx = LIMITS.framePixels / 8_192;
    expect(compileJob(job(layer({ size: { widthPx: 8_192, heightPx } })), SCENE, RASTER).frameCount).toBe(3);
    const error = failure(job(layer({ size: { widthPx: 8_192, heightPx: heightPx + 1 } })));
    expect(error).toMatchObject({ code: 'job.too_large', field: '/layers/0/size' });
  });

  test('divides what no target holds, as finely as was asked for or more', () => {
    const divisionOf = (more: Partial<LayerRequest>) =>
      compileJob(job(layer(more)), SCENE, RASTER).layers[0]?.division?.tiles;
    expect(divisionOf({ size: { widthPx: 7_680, heightPx: 4_320 } })).toBeUndefined();
    expect(divisionOf({ size: { widthPx: 7_681, heightPx: 4_320 } })).toEqual({ columns: 2, rows: 2 });
    expect(divisionOf({ size: { widthPx: 16_384, heightPx: 9_216 } })).toEqual({ columns: 4, rows: 3 });
    expect(divisionOf({ size: { widthPx: 20_000, heightPx: 512 } })).toEqual({ columns: 5, rows: 1 });
    const asked = { tiles: { columns: 6, rows: 2 } };
    expect(divisionOf({ size: { widthPx: 16_384, heightPx: 9_216 }, ...asked })).toEqual({ columns: 8, rows: 3 });
    const passes = { format: 'exr', passes: ['beauty', 'depth'] } satisfies Partial<LayerRequest>;
    expect(divisionOf({ size: { widthPx: 4_096, heightPx: 2_160 }, ...passes })).toBeUndefined();
    expect(divisionOf({ size: { widthPx: 4_096, heightPx: 2_161 }, ...passes })).toEqual({ columns: 1, rows: 1 });
  });

  test('refuses what cannot be divided where a frame must be, by its size', () => {
    const size = { widthPx: 16_384, heightPx: 9_216 };
    const engines = [{ engine: 'pathtrace', backend: 'webgl' }] as const;
    const refuse = (more: Partial<LayerRequest>) => () => compileJob(job(layer({ size, ...more })), SCENE, engines);
    const field = '/layers/0/size';
    const traced = { engine: 'pathtrace' } as const;
    expect(refuse({ ...traced, noiseThreshold: 0.1 })).toThrow(
      expect.objectContaining({ code: 'job.unsupported', field }),
    );
    expect(refuse({ ...traced, denoise: true })).toThrow(expect.objectContaining({ field }));
    expect(refuse({ ...traced, chunk: 2 })).toThrow(expect.objectContaining({ field: '/layers/0/chunk' }));
    expect(refuse({ ...traced, format: 'jpeg' })).toThrow(expect.objectContaining({ code: 'job.too_large', field }));
    expect(refuse({ ...traced, format: 'exr', passes: ['depth'] })).toThrow(expect.objectContaining({ field }));
    const passes: LayerRequest['passes'] = ['beauty', 'depth'];
    const alone = expect.objectContaining({ code: 'job.unsupported', field: '/layers/0/passes' });
    expect(refuse({ ...traced, passes })).toThrow(alone);
    expect(refuse({ ...traced, passes, format: 'exr', separatePasses: true })).toThrow(alone);
    expect(refuse({ ...traced, passes, format: 'exr' })).not.toThrow();
    expect(refuse(traced)).not.toThrow();
  });

  test('refuses an engine that no worker has, by name', () => {
    const error = failure(job(layer({ engine: 'pathtrace' })));
    expect(error).toMatchObject({ code: 'job.unsupported', field: '/layers/0/engine' });
    expect(error.message).toContain('"pathtrace"');
  });

  test('refuses a back end that no worker has for the engine', () => {
    const error = failure(job(layer({ backend: 'webgpu' })));
    expect(error).toMatchObject({ code: 'job.unsupported', field: '/layers/0/backend' });
    const both: Capability[] = [...RASTER, { engine: 'raster', backend: 'webgpu' }];
    expect(compileJob(job(layer({ backend: 'webgpu' })), SCENE, both).frameCount).toBe(3);
  });

  test('takes what every worker can do while none is here', () => {
    expect(compileJob(job(layer({ backend: 'webgl' })), SCENE, []).frameCount).toBe(3);
    expect(compileJob(job(layer({ engine: 'pathtrace' })), SCENE, []).frameCount).toBe(3);
    expect(failure(job(layer({ backend: 'webgpu' })), SCENE, []).code).toBe('job.unsupported');
  });

  test('gives a path-traced frame more time, unless the job says how much', () => {
    expect(compileJob(job(layer()), SCENE, []).frameTimeoutMs).toBe(600_000);
    const traced = job(layer(), layer({ engine: 'pathtrace' }));
    const { frameTimeoutMs, layers } = compileJob(traced, SCENE, []);
    expect(frameTimeoutMs).toBe(21_600_000);
    expect(layers.map((compiled) => compiled.frameTimeoutMs)).toEqual([600_000, 21_600_000]);
    expect(compileJob({ ...traced, frameTimeoutMs: 5_000 }, SCENE, []).frameTimeoutMs).toBe(5_000);
  });

  test('refuses an engine that cannot draw all of the scene, naming what and which can', () => {
    const { report } = SCENE;
    if (!report) throw new Error('the scene has a report');
    const dotted = { ...SCENE, report: { ...report, gaps: [{ engine: 'pathtrace' as const, what: 'points' }] } };
    const error = failure(job(layer({ engine: 'pathtrace' })), dotted, []);
    expect(error).toMatchObject({ code: 'job.unsupported', field: '/layers/0/engine' });
    expect(error.message).toMatch(/points.*use raster/);
    expect(compileJob(job(layer()), dotted, []).frameCount).toBe(3);
  });

  test('refuses by name what the table says no to, with either back end', () => {
    const both: Capability[] = [...ENGINE_ABILITIES];
    for (const backend of ['auto', 'webgl', 'webgpu'] as const) {
      const error = failure(job(layer({ backend, denoise: true })), SCENE, both);
      expect(error).toMatchObject({ code: 'job.unsupported', field: '/layers/0/denoise' });
      expect(error.message).toBe('only the engine "pathtrace" has a denoiser; "raster" has none');
    }
    const caught = layer({ engine: 'pathtrace', backend: 'webgpu', shadowCatcher: { heightM: 'auto' } });
    expect(failure(job(caught), SCENE, both).message).toBe(
      'path tracing with WebGPU has no shadow catcher; use the backend "webgl"',
    );
  });

  test('takes a scene that an engine draws without something', () => {
    const { report } = SCENE;
    if (!report) throw new Error('the scene has a report');
    const gap = { engine: 'pathtrace', backend: 'webgl', what: 'dispersion', isDrawnWithout: true } as const;
    const glassy = { ...SCENE, report: { ...report, gaps: [gap] } };
    expect(compileJob(job(layer({ engine: 'pathtrace' })), glassy, []).frameCount).toBe(3);
  });

  test('refuses what an engine cannot draw where a clip shows it, and not where it is hidden', () => {
    const { report } = SCENE;
    if (!report) throw new Error('the scene has a report');
    const clips = ['Walk', 'Run', 'Rest'].map((name) => ({ name, durationSec: 2 }));
    const gaps = [{ engine: 'pathtrace' as const, what: 'points', clips: ['Run'] }];
    const scene = { ...SCENE, report: { ...report, clips, gaps } };
    const traced = (more: Partial<LayerRequest>) => job(layer({ engine: 'pathtrace', ...more }));
    for (const more of [{ clip: 'Run' }, { clip: 'Walk', moreClips: ['Run'] }]) {
      expect(failure(traced(more), scene, [])).toMatchObject({ code: 'job.unsupported', field: '/layers/0/engine' });
    }
    for (const more of [{}, { clip: 'Walk' }, { clip: 'Rest' }]) {
      expect(compileJob(traced(more), scene, []).frameCount).toBe(3);
    }
  });

  test('refuses transparency where the format has none', () => {
    const error = failure(job(layer({ background: 'transparent', format: 'jpeg' })));
    expect(error).toMatchObject({ code: 'job.unsupported', field: '/layers/0/background' });
    expect(compileJob(job(layer({ background: 'transparent' })), SCENE, RASTER).frameCount).toBe(3);
  });

  test('refuses a bit depth that the format has not, and completes it by the format', () => {
    expect(failure(job(layer(), layer({ format: 'webp', bitDepth: 16 })))).toMatchObject({
      code: 'job.unsupported',
      field: '/layers/1/bitDepth',
    });
    const [exr] = compileJob(job(layer({ format: 'exr', background: 'transparent' })), SCENE, RASTER).layers;
    expect(exr?.settings).toMatchObject({ format: 'exr', bitDepth: 'half' });
  });

  test('refuses passes that the format cannot hold, and has those that it can in order', () => {
    const error = failure(job(layer({ format: 'tiff', passes: ['beauty', 'position'] })));
    expect(error).toMatchObject({ code: 'job.unsupported', field: '/layers/0/passes' });
    expect(error.message).toContain('position');
    const [exr] = compileJob(job(layer({ format: 'exr', passes: ['depth', 'beauty'] })), SCENE, RASTER).layers;
    expect(exr?.settings.passes).toEqual(['beauty', 'depth']);
  });

  test('divides frames into blocks and ranges of samples, a task each', () => {
    const request = job(layer({ samples: 64, tiles: { columns: 4, rows: 2 }, splitSamples: 3 }), layer({ chunk: 2 }));
    const [divided, whole] = compileJob(request, SCENE, RASTER).layers;
    expect(divided).toMatchObject({ taskCount: 72, division: { tiles: { columns: 4, rows: 2 }, sampleRanges: 3 } });
    expect(whole).toMatchObject({ taskCount: 2, division: null });
    const one = { columns: 1, rows: 1 };
    expect(compileJob(job(layer({ tiles: one, splitSamples: 1 })), SCENE, RASTER).layers[0]?.division).toBeNull();
  });

  test.each<[what: string, more: Partial<LayerRequest>, code: string, field: string]>([
    ['more ranges than blocks of samples', { samples: 64, splitSamples: 5 }, 'request.invalid', 'splitSamples'],
    ['one sample in ranges', { splitSamples: 2 }, 'request.invalid', 'splitSamples'],
    [
      'more blocks than pixels',
      { size: { widthPx: 3, heightPx: 3 }, tiles: { columns: 4, rows: 1 } },
      'request.invalid',
      'tiles',
    ],
    [
      'more parts than a frame may have',
      { samples: 64, tiles: { columns: 64, rows: 16 }, splitSamples: 2 },
      'job.too_large',
      'splitSamples',
    ],
    [
      'more tasks than a job may have',
      { frames: '1-10000', tiles: { columns: 32, rows: 32 } },
      'job.too_large',
      'tiles',
    ],
    ['several frames of one task', { chunk: 2, tiles: { columns: 2, rows: 1 } }, 'request.invalid', 'chunk'],
    [
      'a frame without a picture',
      { format: 'exr', passes: ['depth'], tiles: { columns: 2, rows: 1 } },
      'job.unsupported',
      'tiles',
    ],
  ])('refuses to divide %s', (_what, more, code, field) => {
    expect(failure(job(layer(), layer(more)))).toMatchObject({ code, field: `/layers/1/${field}` });
  });

  test('draws a long frame as one part, so that what is drawn of it is stored, also where it may end early', () => {
    const abilities: Capability[] = [{ engine: 'pathtrace', backend: 'webgl' }];
    const long = { engine: 'pathtrace', samples: 4, size: { widthPx: 512, heightPx: 512 } } as const;
    const divisionOf = (more: Partial<LayerRequest>) =>
      compileJob(job(layer({ ...long, ...more })), SCENE, abilities).layers[0]?.division;
    expect(divisionOf({})).toEqual({ tiles: { columns: 1, rows: 1 }, sampleRanges: 1 });
    expect(divisionOf({ samples: 3 })).toBeNull();
    expect(divisionOf({ noiseThreshold: 0.1 })).toEqual(divisionOf({}));
    expect(divisionOf({ timeLimitSec: 60 })).toEqual(divisionOf({}));
    expect(divisionOf({ chunk: 2 })).toBeNull();
    expect(divisionOf({ size: { widthPx: 1_280, heightPx: 720 } })).toEqual(divisionOf({}));
    // The first half of what is denoised is stored apart.
    expect(divisionOf({ samples: 16, denoise: true })).toBeNull();
    expect(divisionOf({ samples: 17, denoise: true })).toEqual(divisionOf({}));
    expect(divisionOf({ samples: 1, size: { widthPx: 1_280, heightPx: 1_280 } })).toBeNull();
  });

  test('refuses a shadow catcher of path tracing with WebGPU, and takes all others', () => {
    const abilities: Capability[] = (['webgl', 'webgpu'] as const).map((backend) => ({ engine: 'pathtrace', backend }));
    const all = [...RASTER, ...abilities];
    const asked = layer({ shadowCatcher: { heightM: 'auto' } });
    for (const engine of ['raster', 'pathtrace'] as const) {
      const [compiled] = compileJob(job({ ...asked, engine }), SCENE, all).layers;
      expect(compiled?.settings.shadowCatcher).toEqual({ heightM: 'auto' });
    }
    const traced = failure(job({ ...asked, engine: 'pathtrace', backend: 'webgpu' }), SCENE, all);
    expect(traced).toMatchObject({ code: 'job.unsupported', field: '/layers/0/shadowCatcher' });
  });

  test('refuses to divide a frame that may end with fewer samples', () => {
    const traced = { engine: 'pathtrace', samples: 64, splitSamples: 2, noiseThreshold: 0.1 } as const;
    const abilities: Capability[] = [{ engine: 'pathtrace', backend: 'webgl' }];
    const error = failure(job(layer(traced)), SCENE, abilities);
    expect(error).toMatchObject({ code: 'job.unsupported', field: '/layers/0/splitSamples' });
  });

  test('refuses a scene that is not ready, or was refused', () => {
    expect(failure(job(layer()), { ...SCENE, state: 'importing', report: null }).code).toBe('scene.not_ready');
    const refusal = { code: 'scene.invalid', message: 'a broken accessor', pointer: null };
    const refused = failure(job(layer()), { ...SCENE, state: 'refused', report: null, refusal });
    expect(refused.code).toBe('scene.refused');
    expect(refused.message).toContain('a broken accessor');
  });
});
