/** Small HDR and EXR files, written plainly. */
import { deflateSync } from 'node:zlib';
import { DataUtils } from 'three';

type Light = (x: number, y: number) => readonly [number, number, number];

export interface PanoramaOrder {
  readonly width?: number;
  readonly height?: number;
  /** Of a pixel, counted from the upper left. */
  readonly light: Light;
}

/** Radiance RGBE, without run lengths. */
export function hdrFile({ width = 8, height = 4, light }: PanoramaOrder): Uint8Array {
  const header = `#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y ${height} +X ${width}\n`;
  const pixels = Buffer.alloc(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const rgb = light(x, y);
      const brightest = Math.max(...rgb);
      const exponent = brightest > 0 ? Math.floor(Math.log2(brightest)) + 1 : 0;
      const at = (y * width + x) * 4;
      for (const [c, value] of rgb.entries()) pixels[at + c] = Math.floor((value / 2 ** exponent) * 256);
      pixels[at + 3] = brightest > 0 ? exponent + 128 : 0;
    }
  }
  return Buffer.concat([Buffer.from(header, 'latin1'), pixels]);
}

interface ExrOrder extends PanoramaOrder {
  /** Instead of float. */
  readonly isHalf?: boolean;
  /** Each line by itself; not compressed else. */
  readonly isZips?: boolean;
  /** CIE xy of red, green, blue and white. */
  readonly chromaticities?: readonly number[];
}

/** OpenEXR in scan lines. @param said what the header says, where that is not true. */
export function exrFile(
  { width = 8, height = 4, light, isHalf = false, isZips = false, chromaticities }: ExrOrder,
  said: {
    readonly width?: number;
    readonly height?: number;
    readonly flags?: number;
    readonly compression?: number;
  } = {},
): Uint8Array {
  const text = (value: string) => Buffer.from(`${value}\0`, 'latin1');
  const ints = (...values: number[]) => Buffer.from(Int32Array.from(values).buffer);
  const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);
  const attribute = (name: string, type: string, value: Buffer) =>
    Buffer.concat([text(name), text(type), ints(value.length), value]);
  const channel = (name: string) => Buffer.concat([text(name), ints(isHalf ? 1 : 2, 0, 1, 1)]);
  const window = ints(0, 0, (said.width ?? width) - 1, (said.height ?? height) - 1);
  const header = Buffer.concat([
    ints(20_000_630, 2 | (said.flags ?? 0)),
    attribute('channels', 'chlist', Buffer.concat([channel('B'), channel('G'), channel('R'), Buffer.alloc(1)])),
    ...(chromaticities ? [attribute('chromaticities', 'chromaticities', floats(...chromaticities))] : []),
    attribute('compression', 'compression', Buffer.from([said.compression ?? (isZips ? 2 : 0)])),
    attribute('dataWindow', 'box2i', window),
    attribute('displayWindow', 'box2i', window),
    attribute('lineOrder', 'lineOrder', Buffer.from([0])),
    attribute('pixelAspectRatio', 'float', floats(1)),
    attribute('screenWindowCenter', 'v2f', Buffer.alloc(8)),
    attribute('screenWindowWidth', 'float', floats(1)),
    Buffer.alloc(1),
  ]);
  const lines = Array.from({ length: height }, (_, y) => {
    const values = Array.from({ length: width * 3 }, (__, i) => light(i % width, y)[2 - Math.floor(i / width)] ?? 0);
    const bare = isHalf ? Buffer.from(Uint16Array.from(values, DataUtils.toHalfFloat).buffer) : floats(...values);
    const data = isZips ? zipped(bare) : bare;
    return Buffer.concat([ints(y, data.length), data]);
  });
  const first = header.length + height * 8;
  const offsets = BigUint64Array.from(lines, (_, y) =>
    BigInt(lines.slice(0, y).reduce((sum, { length }) => sum + length, first)),
  );
  return Buffer.concat([header, Buffer.from(offsets.buffer), ...lines]);
}

/** Every other byte first, then differences, then zlib; what does not get smaller is left bare. */
function zipped(bare: Buffer): Buffer {
  const half = (bare.length + 1) >> 1;
  const parted = bare.map((_, i) => bare[i < half ? i * 2 : (i - half) * 2 + 1] ?? 0);
  const differences = parted.map((byte, i) => (i === 0 ? byte : byte - (parted[i - 1] ?? 0) + 128));
  const packed = deflateSync(differences);
  return packed.length < bare.length ? packed : bare;
}

/** A `.cube` of three dimensions. @param map from the input to the output of each entry. */
export function cubeFile(size: number, map: Light3, head = ''): string {
  const lines = [`# made by a test`, `LUT_3D_SIZE ${size}`, head].filter(Boolean);
  const at = (i: number) => i / (size - 1);
  for (let b = 0; b < size; b += 1) {
    for (let g = 0; g < size; g += 1) {
      for (let r = 0; r < size; r += 1)
        lines.push(
          map(at(r), at(g), at(b))
            .map((value) => value.toFixed(6))
            .join(' '),
        );
    }
  }
  return `${lines.join('\n')}\n`;
}

type Light3 = (r: number, g: number, b: number) => readonly [number, number, number];
