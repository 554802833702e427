/** What the two ends of a session say to each other in tests. */
import { decodePicture, encodePicture, type PictureHeader, type Pose } from '@kiln/shared';

export const VIEW = {
  size: { widthPx: 640, heightPx: 360 },
  samples: 1,
  clip: null,
  fps: 24,
  toneMapping: 'neutral',
  exposureEv: 0,
  background: 'neutral',
  frameNumber: 0,
};
export const SCENE = {
  type: 'scene',
  bounds: { min: [0, 0, 0], max: [1, 1, 1] },
  autoCamera: { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 40 },
  cameras: [],
};
export const POSE: Pose = { position: [1, 2, 3], quaternion: [0, 0, 0, 1], fovDeg: 40 };

export const pose = (input: number, moving = false) => ({ type: 'pose', input, pose: POSE, moving });
export const ask = (request: number, more: object = {}) => ({
  ...{ type: 'pick', request, input: 0, x: 0.25, y: 0.75 },
  ...more,
});
/** What a worker answers. */
export const picked = (request: number) => ({
  type: 'picked',
  request,
  surface: {
    node: { name: 'Box', pointer: '/nodes/0' },
    material: null,
    position: [1, 2, 3],
    normal: [0, 1, 0],
  },
});
export const ack = (picture: number) => ({ type: 'ack', picture, decodeMs: 1, uploadMs: 2 });

export function pictureHeader(sequence: number, input: number): PictureHeader {
  const [widthPx, heightPx] = [640, 360];
  return {
    ...{
      sequence,
      input,
      codec: 'jpeg' as const,
      moving: false,
      final: false,
      lastTile: true,
      better: false,
      samples: 1,
    },
    ...{ widthPx, heightPx, tile: { x: 0, y: 0, widthPx, heightPx }, depth: null, near: 0.1, far: 100, pose: POSE },
    stages: { inputWait: 1, draw: 2, readBack: 3, encode: 4, workerQueue: 5, relay: 0 },
    drawEndMs: 1_700_000_000_000,
  };
}

export const picture = (sequence: number, input: number, bytes = 1_000): Uint8Array<ArrayBuffer> =>
  encodePicture(pictureHeader(sequence, input), new Uint8Array(bytes).fill(sequence % 256));

export const sequenceOf = (bytes: Uint8Array) => decodePicture(bytes).header.sequence;
