/**
 * The binary message of the live view: one picture, or one tile of it. Little-endian.
 *
 * | offset | size | type    | meaning |
 * | ---    | ---  | ---     | --- |
 * |   0    |  1   | u8      | message kind: 1, a picture |
 * |   1    |  1   | u8      | version of this layout: 1 |
 * |   2    |  2   | u16     | header length in bytes; a reader skips what it does not know |
 * |   4    |  4   | u32     | sequence number of the picture in the session, from 1; its tiles share it |
 * |   8    |  4   | u32     | input number that the picture answers; 0: none yet |
 * |  12    |  1   | u8      | colour codec: 1 JPEG, 2 WebP, 3 PNG; frames of a video ([LV40]): 4 VP9, 5 AV1, 6 H.264 |
 * |  13    |  1   | u8      | flags: 1 drawn while moving, 2 final for this view, 4 last tile of the picture, 8 a better part ([LV30]), 16 builds on the picture before ([LV40]), 32 for who has nothing to build on ([LV41]); without 8 the tile is all of the picture |
 * |  14    |  2   | u16     | reserved, 0 |
 * |  16    |  4   | u32     | samples a pixel |
 * |  20    |  2+2 | u16 ×2  | width and height of the whole picture in pixels, `liveEdgePx` at most |
 * |  24    |  8   | u16 ×4  | the tile: x, y from the upper left, width, height |
 * |  32    |  4   | u32     | bytes of colour, right after the header |
 * |  36    |  4   | u32     | bytes of depth, right after the colour; 0: none |
 * |  40    |  1   | u8      | depth codec; 0: none; 1 as in `depth.ts`, deflated |
 * |  41    |  3   | u8 ×3   | reserved, 0 |
 * |  44    |  2+2 | u16 ×2  | width and height of the depth in pixels, at most the picture's; 0: none |
 * |  48    |  8   | f32 ×2  | near and far plane, metres |
 * |  56    | 32   | f32 ×8  | pose: position, quaternion x y z w, vertical field of view in degrees |
 * |  88    | 32   | u32 ×8  | stages in microseconds: input wait, draw, read back, encode, worker queue, relay, 0, 0 |
 * | 120    |  8   | f64     | end of draw, Unix milliseconds on the worker's clock |
 * | 128    |  8   | f32 ×2  | the nearest and the farthest surface of the depth, metres, both 1 where nothing stands; 0: no depth |
 * | 136    | 24   | f64 ×3  | position of the pose once more: far from the origin f32 moves by pixels |
 */
import { KilnError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { Pose } from '../schemas/settings.ts';
import { isVideoCodec, type PictureCodec } from './codecs.ts';
import { DEPTH_CODEC, type DepthRange } from './depth.ts';

export const PICTURE_HEADER_BYTES = 160;
/** Of who knows of no exact position: the header ended before it. */
const DEPTH_HEADER_BYTES = 136;
/** Of who knows of no depth either. */
const LEAST_HEADER_BYTES = 128;
const KIND_PICTURE = 1;
const LAYOUT_VERSION = 1;

export const PICTURE_CODECS = { jpeg: 1, webp: 2, png: 3, vp9: 4, av1: 5, h264: 6 } as const satisfies Record<
  PictureCodec,
  number
>;
export type PictureCodecName = keyof typeof PICTURE_CODECS;
const CODEC_NAMES = new Map<number, PictureCodecName>(
  Object.entries(PICTURE_CODECS).map(([name, code]) => [code, name as PictureCodecName]),
);

const FLAG_MOVING = 1;
const FLAG_FINAL = 2;
const FLAG_LAST_TILE = 4;
const FLAG_BETTER = 8;
const FLAG_DELTA = 16;
const FLAG_CATCH_UP = 32;

const FLAGS_OFFSET = 13;

/** Offset of the relay time, which the server writes as it passes a picture on. */
const RELAY_OFFSET = 88 + 5 * 4;

export interface StageMicros {
  readonly inputWait: number;
  readonly draw: number;
  readonly readBack: number;
  readonly encode: number;
  readonly workerQueue: number;
  readonly relay: number;
}

export interface PictureDepth extends DepthRange {
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface PictureHeader {
  readonly sequence: number;
  readonly input: number;
  readonly codec: PictureCodecName;
  readonly moving: boolean;
  readonly final: boolean;
  readonly lastTile: boolean;
  /** [LV30] The tile takes the place of that part of the picture before, whose depth and pose stay. */
  readonly better: boolean;
  /** [LV40] Of a video: it is read with the picture whose sequence number is one less. @defaultValue false */
  readonly delta?: boolean;
  /** [LV41] A resting picture as it stands, for viewers that lack it: the others have it. @defaultValue false */
  readonly catchUp?: boolean;
  readonly samples: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly tile: { readonly x: number; readonly y: number; readonly widthPx: number; readonly heightPx: number };
  /** Null without depth, or with a codec that is not known here. */
  readonly depth: PictureDepth | null;
  readonly near: number;
  readonly far: number;
  readonly pose: Pose;
  readonly stages: StageMicros;
  readonly drawEndMs: number;
}

export interface Picture {
  readonly header: PictureHeader;
  readonly colour: Uint8Array;
  readonly depth: Uint8Array;
}

/** Whole microseconds as a u32 holds them: at most 71 minutes. */
const toMicros = (micros: number) => Math.min(0xffff_ffff, Math.max(0, Math.round(micros)));

const flagsOf = ({ moving, final, lastTile, better, delta = false, catchUp = false }: PictureHeader) =>
  (moving ? FLAG_MOVING : 0) |
  (final ? FLAG_FINAL : 0) |
  (lastTile ? FLAG_LAST_TILE : 0) |
  (better ? FLAG_BETTER : 0) |
  (delta ? FLAG_DELTA : 0) |
  (catchUp ? FLAG_CATCH_UP : 0);

/** Header and payload as one message. */
export function encodePicture(
  header: PictureHeader,
  colour: Uint8Array,
  depth: Uint8Array = new Uint8Array(0),
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PICTURE_HEADER_BYTES + colour.length + depth.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, KIND_PICTURE);
  view.setUint8(1, LAYOUT_VERSION);
  view.setUint16(2, PICTURE_HEADER_BYTES, true);
  view.setUint32(4, header.sequence, true);
  view.setUint32(8, header.input, true);
  view.setUint8(12, PICTURE_CODECS[header.codec]);
  view.setUint8(FLAGS_OFFSET, flagsOf(header));
  view.setUint32(16, header.samples, true);
  view.setUint16(20, header.widthPx, true);
  view.setUint16(22, header.heightPx, true);
  view.setUint16(24, header.tile.x, true);
  view.setUint16(26, header.tile.y, true);
  view.setUint16(28, header.tile.widthPx, true);
  view.setUint16(30, header.tile.heightPx, true);
  view.setUint32(32, colour.length, true);
  view.setUint32(36, depth.length, true);
  view.setUint8(40, header.depth ? DEPTH_CODEC : 0);
  view.setUint16(44, header.depth?.widthPx ?? 0, true);
  view.setUint16(46, header.depth?.heightPx ?? 0, true);
  view.setFloat32(48, header.near, true);
  view.setFloat32(52, header.far, true);
  [...header.pose.position, ...header.pose.quaternion, header.pose.fovDeg].forEach((value, i) => {
    view.setFloat32(56 + i * 4, value, true);
  });
  const { inputWait, draw, readBack, encode, workerQueue, relay } = header.stages;
  [inputWait, draw, readBack, encode, workerQueue, relay].forEach((micros, i) => {
    view.setUint32(88 + i * 4, toMicros(micros), true);
  });
  view.setFloat64(120, header.drawEndMs, true);
  view.setFloat32(128, header.depth?.nearestM ?? 0, true);
  view.setFloat32(132, header.depth?.farthestM ?? 0, true);
  header.pose.position.forEach((value, i) => {
    view.setFloat64(DEPTH_HEADER_BYTES + i * 8, value, true);
  });
  bytes.set(colour, PICTURE_HEADER_BYTES);
  bytes.set(depth, PICTURE_HEADER_BYTES + colour.length);
  return bytes;
}

/**
 * Reads a message; `colour` and `depth` are views into it.
 *
 * @throws KilnError `protocol.violation` when a length, code or number is out of its range; `protocol.too_large`.
 */
export function decodePicture(message: Uint8Array): Picture {
  const broken = (what: string) => new KilnError('protocol.violation', `[LV9] a picture message has ${what}`);
  if (message.length > LIMITS.livePictureBytes) {
    throw new KilnError(
      'protocol.too_large',
      `[LV9] a picture takes at most ${LIMITS.livePictureBytes} bytes, got ${message.length}`,
    );
  }
  if (message.length < LEAST_HEADER_BYTES) throw broken(`${message.length} bytes, fewer than its header`);
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (view.getUint8(0) !== KIND_PICTURE) throw broken(`unknown kind ${view.getUint8(0)}`);
  if (view.getUint8(1) !== LAYOUT_VERSION) throw broken(`layout version ${view.getUint8(1)}, not ${LAYOUT_VERSION}`);
  const headerBytes = view.getUint16(2, true);
  if (headerBytes < LEAST_HEADER_BYTES) throw broken(`header length ${headerBytes}`);
  const codec = CODEC_NAMES.get(view.getUint8(12));
  if (!codec) throw broken(`unknown codec ${view.getUint8(12)}`);
  const flags = view.getUint8(FLAGS_OFFSET);
  const isVideo = isVideoCodec(codec);
  if ((flags & (isVideo ? FLAG_BETTER : FLAG_DELTA)) !== 0) throw broken(`flags ${flags} with codec ${codec}`);
  const colourBytes = view.getUint32(32, true);
  const depthBytes = view.getUint32(36, true);
  if (headerBytes + colourBytes + depthBytes !== message.length) {
    throw broken(`${message.length} bytes where its header promises ${headerBytes + colourBytes + depthBytes}`);
  }
  const sequence = view.getUint32(4, true);
  if (sequence === 0) throw broken('sequence number 0');
  const float = (i: number) => view.getFloat32(56 + i * 4, true);
  const isExact = headerBytes >= PICTURE_HEADER_BYTES;
  const place = (i: number) => (isExact ? view.getFloat64(DEPTH_HEADER_BYTES + i * 8, true) : float(i));
  const pose: Pose = {
    position: [place(0), place(1), place(2)],
    quaternion: [float(3), float(4), float(5), float(6)],
    fovDeg: float(7),
  };
  const near = view.getFloat32(48, true);
  const far = view.getFloat32(52, true);
  const drawEndMs = view.getFloat64(120, true);
  if (![...pose.position, ...pose.quaternion, pose.fovDeg, near, far, drawEndMs].every(Number.isFinite)) {
    throw broken('a number that is not finite');
  }
  const widthPx = view.getUint16(20, true);
  const heightPx = view.getUint16(22, true);
  const tile = {
    x: view.getUint16(24, true),
    y: view.getUint16(26, true),
    widthPx: view.getUint16(28, true),
    heightPx: view.getUint16(30, true),
  };
  if (Math.max(widthPx, heightPx) > LIMITS.liveEdgePx) throw broken(`${widthPx} × ${heightPx} pixels`);
  if (pose.fovDeg < 0 || pose.fovDeg > 180) throw broken(`a field of view of ${pose.fovDeg}°`);
  const isWhole = tile.widthPx === widthPx && tile.heightPx === heightPx;
  if (!isWhole && (flags & FLAG_BETTER) === 0) throw broken('a part that belongs to no picture');
  if (
    tile.widthPx === 0 ||
    tile.heightPx === 0 ||
    tile.x + tile.widthPx > widthPx ||
    tile.y + tile.heightPx > heightPx
  ) {
    throw broken('a tile that is empty or outside its picture');
  }
  const micros = (i: number) => view.getUint32(88 + i * 4, true);
  const depth = headerBytes < DEPTH_HEADER_BYTES ? null : readDepth(view);
  if (depth && !isPossible(depth, widthPx, heightPx)) throw broken('a depth that its picture cannot have');
  return {
    header: {
      sequence,
      input: view.getUint32(8, true),
      codec,
      moving: (flags & FLAG_MOVING) !== 0,
      final: (flags & FLAG_FINAL) !== 0,
      lastTile: (flags & FLAG_LAST_TILE) !== 0,
      better: (flags & FLAG_BETTER) !== 0,
      ...((flags & FLAG_DELTA) !== 0 && { delta: true }),
      ...((flags & FLAG_CATCH_UP) !== 0 && { catchUp: true }),
      samples: view.getUint32(16, true),
      widthPx,
      heightPx,
      tile,
      depth,
      near,
      far,
      pose,
      stages: {
        inputWait: micros(0),
        draw: micros(1),
        readBack: micros(2),
        encode: micros(3),
        workerQueue: micros(4),
        relay: micros(5),
      },
      drawEndMs,
    },
    colour: message.subarray(headerBytes, headerBytes + colourBytes),
    depth: message.subarray(headerBytes + colourBytes),
  };
}

function readDepth(view: DataView): PictureDepth | null {
  if (view.getUint8(40) !== DEPTH_CODEC) return null;
  return {
    widthPx: view.getUint16(44, true),
    heightPx: view.getUint16(46, true),
    nearestM: view.getFloat32(128, true),
    farthestM: view.getFloat32(132, true),
  };
}

/** Its size bounds what a reader inflates. */
const isPossible = ({ widthPx, heightPx, nearestM, farthestM }: PictureDepth, mostWidth: number, mostHeight: number) =>
  widthPx > 0 &&
  heightPx > 0 &&
  widthPx <= mostWidth &&
  heightPx <= mostHeight &&
  nearestM > 0 &&
  farthestM >= nearestM &&
  Number.isFinite(farthestM);

/** Whether a message shows all of its picture, whatever was there before. */
export const isWholePicture = ({ better, delta = false }: Pick<PictureHeader, 'better' | 'delta'>): boolean =>
  !better && !delta;

/** Writes the time that a picture spent in the relay into its header, in place. */
export function stampRelay(message: Uint8Array, micros: number): void {
  if (message.length < LEAST_HEADER_BYTES) return;
  new DataView(message.buffer, message.byteOffset, message.byteLength).setUint32(RELAY_OFFSET, toMicros(micros), true);
}
