/**
 * The fidelity table: what is drawn, with which engine on which graphics interface, and how near it must come to the
 * golden picture of its name. `npm run goldens` makes goldens that are missing, and shows what the others differ by.
 *
 * Goldens were drawn by Mesa's llvmpipe, those of WebGPU by SwiftShader. Other versions of these, and one in place of the
 * other, round differently, cover other pixels of an edge by a sample, and filter textures otherwise: the bounds let that
 * through, and neither a picture that is moved by a pixel nor one that is 5 % darker (`comparison.test.ts` tries both on
 * every golden).
 */
import type { CameraChoice, Pass, RenderSettings } from '@kiln/shared';
import { boxRoom } from '../lit-scenes.ts';
import { cubeFile } from '../panorama-files.ts';
import type { Bounds } from './compare.ts';
import { bending, glassware, lamps, painted, rolling, stillLife } from './scenes.ts';

export interface Scenario {
  /** Of its golden, without `.png`. */
  readonly name: string;
  /** In CI: small, and drawn in a second or two in software. The others are drawn by `npm run test:full`. */
  readonly inCi: boolean;
  /** A function makes it; a text is a file or folder below `shared/scenes`, beside the repository. */
  readonly scene: (() => Uint8Array | Promise<Uint8Array>) | string;
  readonly frame: number;
  readonly settings: Partial<RenderSettings>;
  /** A `.cube` that is lent and used. */
  readonly lut: string | null;
  /** Panorama below `shared/scenes` that is lent and used. */
  readonly panorama: string | null;
  /** What the picture shows of an OpenEXR; null is the picture itself. */
  readonly pass: Pass | null;
  readonly bounds: Bounds;
}

const SMALL = { widthPx: 160, heightPx: 90 };
const LAYER = { widthPx: 96, heightPx: 54 };
const TINY = { widthPx: 64, heightPx: 36 };

const VIEW: CameraChoice = { position: [0.9, 1, 3.4], target: [0, -0.1, 0], fovDeg: 32 };
const FRONT: CameraChoice = { position: [0, 0.2, 3.4], target: [0, 0, 0], fovDeg: 32 };

const BOUNDS: Bounds = { ssim: 0.99, meanError: 1 };
/** Of one path that goes another way a pixel changes more. */
const TRACED_BOUNDS: Bounds = { ssim: 0.98, meanError: 1.5 };

type Row = Pick<Scenario, 'name' | 'scene'> & Partial<Scenario>;

const row = ({ settings, ...more }: Row): Scenario => ({
  inCi: true,
  frame: 0,
  lut: null,
  panorama: null,
  pass: null,
  bounds: BOUNDS,
  ...more,
  settings: { size: SMALL, camera: VIEW, samples: 8, toneMapping: 'neutral', ...settings },
});

const traced = ({ settings, ...more }: Row): Scenario =>
  row({
    bounds: TRACED_BOUNDS,
    ...more,
    settings: { engine: 'pathtrace', size: TINY, samples: 16, bounces: 4, ...settings },
  });

const webgpu = ({ settings, ...more }: Row): Scenario => row({ ...more, settings: { backend: 'webgpu', ...settings } });

/** The number of samples is no picture. */
const layer = (pass: Pass, more: Partial<Scenario> = {}): Scenario =>
  row({ name: `pass-${pass}`, scene: stillLife, pass, ...more, settings: { size: LAYER, ...more.settings } });

/** Warm shadows, cold lights. */
const LOOK = cubeFile(5, (r, g, b) => [r * 0.8 + 0.15, g * 0.85 + 0.05, b * 0.95]);

/** Everything that is not seen in a shared scene. */
const MADE: readonly Scenario[] = [
  row({ name: 'raster-lights', scene: lamps, settings: { environment: 'none' } }),
  row({ name: 'raster-shadows', scene: stillLife, settings: { environment: 'none', camera: FRONT } }),
  row({ name: 'raster-environment', scene: () => stillLife({ light: false }), settings: { environment: 'park' } }),
  row({
    name: 'raster-environment-turned-behind',
    scene: () => stillLife({ light: false }),
    settings: {
      environment: 'park',
      environmentRotationDeg: 90,
      environmentIntensity: 1.5,
      background: 'environment',
      backgroundBlur: 0.1,
    },
  }),
  row({
    name: 'raster-sun-and-sky',
    scene: () => stillLife({ light: false }),
    settings: { sun: { elevationDeg: 25, azimuthDeg: 130, turbidity: 4 }, background: 'environment' },
  }),
  row({ name: 'raster-transmission', scene: glassware, settings: { camera: FRONT } }),
  row({ name: 'raster-clip-start', scene: bending, settings: { camera: FRONT } }),
  row({ name: 'raster-clip-skin-and-morph', scene: bending, frame: 18, settings: { camera: FRONT } }),
  row({ name: 'raster-variant', scene: painted, settings: { variant: 'Moss' } }),
  row({
    name: 'raster-depth-of-field',
    scene: stillLife,
    settings: { samples: 24, lens: { fStop: 0.12, focusDistanceM: 3 } },
  }),
  row({
    name: 'raster-motion-blur',
    scene: rolling,
    frame: 5,
    settings: { samples: 24, fps: 10, shutterAngleDeg: 360 },
  }),
  row({ name: 'raster-transparent', scene: stillLife, settings: { background: 'transparent', camera: FRONT } }),
  row({
    name: 'raster-shadow-catcher',
    scene: stillLife,
    settings: { hide: ['Ground'], shadowCatcher: { heightM: 'auto' }, background: '#ffffff' },
  }),
  row({ name: 'raster-agx', scene: stillLife, settings: { toneMapping: 'agx', exposureEv: 1 } }),
  row({ name: 'raster-aces', scene: stillLife, settings: { toneMapping: 'aces', exposureEv: 1 } }),
  row({ name: 'raster-khronos-neutral', scene: stillLife, settings: { toneMapping: 'neutral', exposureEv: 1 } }),
  row({ name: 'raster-no-tone-mapping', scene: stillLife, settings: { toneMapping: 'none', exposureEv: 1 } }),
  row({ name: 'raster-lut', scene: stillLife, lut: LOOK }),
  row({ name: 'raster-turntable', scene: stillLife, frame: 3, settings: { turntable: { frames: 8 } } }),
  row({
    name: 'raster-orthographic',
    scene: stillLife,
    settings: { camera: { position: [2, 2, 3], target: [0, 0, 0], heightM: 2.4 } },
  }),
  row({ name: 'raster-one-sample', scene: stillLife, settings: { samples: 1 } }),
  ...(['beauty', 'depth', 'normal', 'position', 'albedo', 'crypto-object', 'crypto-material'] as const).map((pass) =>
    layer(pass),
  ),
  layer('motion', { scene: rolling, frame: 5, settings: { fps: 24 } }),
  // Black but for the lamp.
  layer('emission', { bounds: { ...BOUNDS, meanError: 0.1 } }),
  webgpu({ name: 'webgpu-lights', scene: lamps, settings: { environment: 'none' } }),
  webgpu({ name: 'webgpu-environment', scene: stillLife, settings: { environment: 'park' } }),
  webgpu({ name: 'webgpu-transmission', scene: glassware, settings: { camera: FRONT } }),
  traced({ name: 'traced-still-life', scene: stillLife, settings: { environment: 'studio' } }),
  traced({ name: 'traced-glass', scene: glassware, settings: { environment: 'studio', camera: FRONT, bounces: 6 } }),
  webgpu(traced({ name: 'webgpu-traced-still-life', scene: stillLife, settings: { environment: 'studio' } })),
  webgpu(
    traced({
      name: 'webgpu-traced-glass',
      scene: glassware,
      settings: { environment: 'studio', camera: FRONT, bounces: 6 },
    }),
  ),
  // What follows is drawn by `npm run test:full` alone.
  ...[
    traced({
      name: 'traced-box',
      scene: boxRoom,
      settings: { environment: 'none', camera: { position: [0, 0, 3.4], target: [0, 0, 0], fovDeg: 36 } },
    }),
    webgpu({ name: 'webgpu-clip-skin-and-morph', scene: bending, frame: 18, settings: { camera: FRONT } }),
    traced({ name: 'traced-lights', scene: lamps, settings: { environment: 'none', size: SMALL, samples: 32 } }),
    traced({
      name: 'traced-depth-of-field',
      scene: stillLife,
      settings: { lens: { fStop: 0.12, focusDistanceM: 3 }, samples: 64 },
    }),
    traced({
      name: 'traced-motion-blur',
      scene: rolling,
      frame: 5,
      settings: { fps: 10, shutterAngleDeg: 360, samples: 64 },
    }),
    traced({
      name: 'traced-shadow-catcher',
      scene: stillLife,
      settings: { hide: ['Ground'], shadowCatcher: { heightM: 'auto' }, background: '#ffffff', samples: 32 },
    }),
    traced({ name: 'traced-denoised', scene: stillLife, settings: { denoise: true } }),
    traced({ name: 'pass-noisy', scene: stillLife, pass: 'noisy', settings: { denoise: true } }),
    traced({
      name: 'traced-sun-and-sky',
      scene: () => stillLife({ light: false }),
      settings: { sun: { elevationDeg: 25, azimuthDeg: 130, turbidity: 4 }, background: 'environment', samples: 32 },
    }),
    traced({
      name: 'traced-variant-transparent',
      scene: painted,
      settings: { variant: 'Moss', background: 'transparent' },
    }),
    traced({ name: 'traced-clip-skin-and-morph', scene: bending, frame: 18, settings: { camera: FRONT } }),
    webgpu({
      name: 'webgpu-depth-of-field',
      scene: stillLife,
      settings: { samples: 24, lens: { fStop: 0.12, focusDistanceM: 3 } },
    }),
    webgpu({
      name: 'webgpu-variant-transparent',
      scene: painted,
      settings: { variant: 'Moss', background: 'transparent' },
    }),
  ].map((one) => ({ ...one, inCi: false })),
];

const shared = (name: string, scene: string, more: Partial<Scenario> = {}): Scenario =>
  row({ inCi: false, name: `shared-${name}`, scene, ...more, settings: { camera: 'auto', ...more.settings } });

/** What people made. Drawn by `npm run test:full`, where the scenes lie beside the repository. */
const SHARED: readonly Scenario[] = [
  shared('flight-helmet', 'flight-helmet'),
  shared('flight-helmet-in-venice', 'flight-helmet', {
    panorama: 'environments/venice_sunset_1k.hdr',
    settings: { background: 'environment', backgroundBlur: 0.2 },
  }),
  shared('flight-helmet-webgpu', 'flight-helmet', { settings: { backend: 'webgpu' } }),
  shared('chess-board', 'chess-board.glb'),
  shared('barn-lamp', 'barn-lamp-ktx2'),
  shared('fox-runs', 'fox-animated.glb', { frame: 7, settings: { clip: 'Run' } }),
  shared('cesium-man-walks', 'cesium-man-skinned.glb', { frame: 12 }),
  shared('morph-stress', 'morph-stress-test.gltf', { frame: 20 }),
  shared('transmission-roughness', 'transmission-roughness.glb'),
  shared('spider', 'formats/spider'),
  traced({
    inCi: false,
    name: 'shared-cornell-box-traced',
    scene: 'cornell-box.glb',
    settings: { camera: 'auto', samples: 32 },
  }),
  traced({
    inCi: false,
    name: 'shared-helmet-traced',
    scene: 'flight-helmet',
    settings: { camera: 'auto', samples: 32 },
  }),
];

export const SCENARIOS: readonly Scenario[] = [...MADE, ...SHARED];

/** Their tracer takes a quarter of a minute to compile: they are drawn where it is there already. */
export const isTracedByWebGpu = ({ settings: { engine, backend } }: Scenario): boolean =>
  engine === 'pathtrace' && backend === 'webgpu';
