import sharp, { type RawOptions } from 'sharp';
import { describe, expect, it } from 'vitest';
import { iccProfile } from '../../../src/page/encode/icc-profile.ts';
import { type TiffDepth, TiffWriter } from '../../../src/page/encode/tiff.ts';
import { joined, noise } from './bytes.ts';

const TAGS = { description: '{"a":1}', software: 'Kiln 1', iccProfile: iccProfile('srgb') };

const SPACE = { 8: 'srgb', 16: 'rgb16', float: 'scrgb' } as const satisfies Record<TiffDepth, string>;
const RAW = { 8: 'uchar', 16: 'ushort', float: 'float' } as const satisfies Record<TiffDepth, RawOptions['depth']>;

async function read(file: Uint8Array, depth: TiffDepth): Promise<number[]> {
  const bytes = await sharp(file, { ignoreIcc: true })
    .pipelineColourspace(SPACE[depth])
    .toColourspace(SPACE[depth])
    .raw({ depth: RAW[depth] })
    .toBuffer();
  const { buffer } = new Uint8Array(bytes);
  return [
    ...(depth === 8 ? new Uint8Array(buffer) : depth === 16 ? new Uint16Array(buffer) : new Float32Array(buffer)),
  ];
}

/** Tag to type, count and the four bytes of its value or offset. */
function directoryOf(tiff: Buffer): Map<number, { type: number; count: number; value: number }> {
  const at = tiff.readUInt32LE(4);
  const entries = Array.from({ length: tiff.readUInt16LE(at) }, (_, i) => at + 2 + i * 12);
  return new Map(
    entries.map((entry) => [
      tiff.readUInt16LE(entry),
      { type: tiff.readUInt16LE(entry + 2), count: tiff.readUInt32LE(entry + 4), value: tiff.readUInt32LE(entry + 8) },
    ]),
  );
}

describe('TiffWriter', () => {
  it('writes a directory in order, with these tags', async () => {
    const writer = new TiffWriter({ widthPx: 3, heightPx: 70 }, 16, true, TAGS);
    await writer.add(new Float32Array(3 * 70 * 4));
    const file = joined(writer.finish());
    expect(file.subarray(0, 8).toString('hex')).toBe('49492a0008000000');
    const directory = directoryOf(file);
    const tags = [...directory.keys()];
    expect(tags).toEqual([...tags].sort((a, b) => a - b));
    expect(Object.fromEntries(directory)).toMatchObject({
      256: { type: 4, count: 1, value: 3 },
      257: { type: 4, count: 1, value: 70 },
      258: { type: 3, count: 4 },
      259: { type: 3, count: 1, value: 8 },
      262: { value: 2 },
      270: { type: 2, count: 8 },
      // Strips of 64 and 6 rows.
      273: { type: 4, count: 2 },
      277: { value: 4 },
      278: { value: 64 },
      317: { value: 2 },
      338: { value: 2 },
    });
    const text = directory.get(270)?.value ?? 0;
    expect(file.toString('latin1', text, text + 8)).toBe('{"a":1}\0');
  });

  it.each([
    [8, false],
    [8, true],
    [16, false],
    [16, true],
    ['float', false],
    ['float', true],
  ] as const)('is read by sharp as what was written: %s, alpha %s', async (depth, hasAlpha) => {
    const size = { widthPx: 37, heightPx: 150 };
    const random = noise(3);
    const most = depth === 8 ? 255 : 65_535;
    const values = Float32Array.from({ length: 37 * 150 * 4 }, (_, i) =>
      // sharp divides by associated alpha, so that is 1.
      depth === 'float' ? (i % 4 === 3 ? 1 : Math.sin(i) * 1e3) : Math.floor(random() * (most + 1)),
    );
    const writer = new TiffWriter(size, depth, hasAlpha, TAGS);
    const pixels =
      depth === 8 ? Uint8ClampedArray.from(values) : depth === 16 ? values.map((level) => level / most) : values;
    await writer.add(pixels.subarray(0, 37 * 4 * 128));
    await writer.add(pixels.subarray(37 * 4 * 128));
    const file = joined(writer.finish());
    expect(await read(file, depth)).toEqual([...values].filter((_, i) => hasAlpha || i % 4 !== 3));
  });

  it('refuses rows that are no whole strips, and a file that lacks some', async () => {
    const writer = new TiffWriter({ widthPx: 1, heightPx: 100 }, 8, false, TAGS);
    await expect(writer.add(new Uint8ClampedArray(40))).rejects.toThrow('10 rows are no whole strips');
    expect(() => writer.finish()).toThrow('0 of 100 rows');
  });
});

it('an sRGB profile changes no colour of what is sRGB, and a linear one brings its light there', async () => {
  const levels = Uint8Array.from({ length: 256 * 3 }, (_, i) => (i % 3 === 0 ? i / 3 : 255 - Math.floor(i / 3)));
  const raw = { width: 256, height: 1, channels: 3 } as const;
  const convert = async (kind: 'srgb' | 'linear') => {
    const writer = new TiffWriter({ widthPx: 256, heightPx: 1 }, 8, false, { ...TAGS, iccProfile: iccProfile(kind) });
    await writer.add(
      Uint8ClampedArray.from({ length: 1_024 }, (_, i) => (i % 4 === 3 ? 255 : (levels[(i >> 2) * 3 + (i % 4)] ?? 0))),
    );
    return sharp(joined(writer.finish())).raw().toBuffer();
  };
  const plain = await sharp(levels, { raw }).raw().toBuffer();
  const changes = (await convert('srgb')).map((level, i) => Math.abs(level - (plain[i] ?? 0)));
  expect(Math.max(...changes)).toBeLessThanOrEqual(1);
  const shown = (await convert('linear'))[55 * 3];
  // Light of 55/255, shown as sRGB.
  expect(Math.abs((shown ?? 0) - 128)).toBeLessThanOrEqual(1);
});
