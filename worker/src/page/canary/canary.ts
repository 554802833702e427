import type { Engine } from '@kiln/shared';
import { Quaternion } from 'three';
import type { CanaryResult, PageCall } from '../contract.ts';
import { type DrawingRoom, drawPicture, engineFor } from '../engine/draw-picture.ts';
import type { Shot } from '../engine/engine.ts';
import { poseCamera } from '../engine/shot-camera.ts';
import type { PageServices } from '../page-services.ts';
import type { Environment } from '../scene/environments.ts';
import type { LoadedScene } from '../scene/loaded-scene.ts';
import { sha256Hex } from '../sha256.ts';
import { plainShot } from '../shots.ts';
import { CANARY_HALF_HEIGHT, canaryScene, PROBES } from './canary-scene.ts';

const SIZE = { widthPx: 320, heightPx: 320 };
const FOV_DEG = 30;
/** Two, so that float targets are summed in. */
const SAMPLES = 2;
const TIMED_DRAWS = 3;

/** Of what is looked at, and of what is timed. Path tracing is looked at in direct light: what is scattered is found by chance. */
const LOOKED = { raster: { samples: SAMPLES }, pathtrace: { samples: 4, bounces: 1 } } as const;
const TIMED = { raster: { samples: 1 }, pathtrace: { samples: 4, bounces: 3 } } as const;

type CanaryParts = Pick<PageServices, 'room' | 'environments'>;
type CanaryOrder = Pick<Extract<PageCall, { call: 'canary' }>, 'engine' | 'backend'>;

/**
 * Draws a small fixed scene through the same engine, sums and resolve as every frame, and looks at probed points.
 *
 * @throws KilnError `render.failed` when a shader does not compile.
 */
export async function runCanary(
  { room, environments }: CanaryParts,
  { engine = 'raster', backend = 'webgl' }: CanaryOrder,
): Promise<CanaryResult> {
  const { gl } = room.gpu;
  const dark = await environments.get('none');
  const scene = canaryScene();
  try {
    const shot = { ...canaryShot(scene, dark), engine, backend };
    const own = await engineFor(room.engines, shot);
    await own.prepare?.(scene);
    const summed = await draw(room, { ...shot, ...LOOKED[engine] });
    let drawMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < TIMED_DRAWS; i += 1) {
      const startedAt = performance.now();
      await draw(room, { ...shot, ...TIMED[engine] });
      drawMs = Math.min(drawMs, performance.now() - startedAt);
    }
    return {
      renderer: room.gpu.rendererName,
      vendor: room.gpu.vendorName,
      maxTextureSizePx: Number(gl.getParameter(gl.MAX_TEXTURE_SIZE)),
      pixelsSha256: await sha256Hex(summed),
      correct: faultsIn(summed, engine).length === 0,
      drawMs,
    };
  } finally {
    scene.dispose();
  }
}

const draw = async (room: DrawingRoom, shot: Shot) => (await drawPicture(room, shot, async () => {})).pixels;

function canaryShot(scene: LoadedScene, dark: Environment): Shot {
  const distance = CANARY_HALF_HEIGHT / Math.tan((FOV_DEG / 2) * (Math.PI / 180));
  const quaternion = new Quaternion().toArray();
  const camera = poseCamera({ position: [0, 0, distance], quaternion, fovDeg: FOV_DEG });
  return { ...plainShot(scene, dark), camera, size: SIZE, toneMapping: 'none' };
}

/** The probed points that have another colour than they must. */
function faultsIn(pixels: Uint8Array, engine: Engine): string[] {
  const looked = PROBES.filter(({ isByChance }) => engine === 'raster' || !isByChance);
  return looked
    .filter(({ x, y, color, tolerance, what }) => {
      const column = Math.round(((1 + x) / 2) * SIZE.widthPx);
      const row = Math.round(((1 - y) / 2) * SIZE.heightPx);
      const at = (row * SIZE.widthPx + column) * 4;
      const got = [...pixels.subarray(at, at + 3)];
      const isRight = color.every((level, channel) => Math.abs(level - (got[channel] ?? -1)) <= tolerance);
      if (!isRight) console.warn(`canary: ${what} is ${got.join(' ')} where ${color.join(' ')} was expected`);
      return !isRight;
    })
    .map(({ what }) => what);
}
