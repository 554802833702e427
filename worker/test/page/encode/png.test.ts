import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { PngWriter, taggedPng } from '../../../src/page/encode/png.ts';
import { joined, noise } from './bytes.ts';

/** Names and data of a PNG's chunks. */
function chunksOf(png: Buffer): [name: string, data: Buffer][] {
  const chunks: [string, Buffer][] = [];
  for (let at = 8; at < png.length; ) {
    const size = png.readUInt32BE(at);
    chunks.push([png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + size)]);
    at += 12 + size;
  }
  return chunks;
}

const read16 = async (png: Uint8Array) => {
  const { data } = await sharp(png)
    .pipelineColourspace('rgb16')
    .toColourspace('rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  return new Uint16Array(new Uint8Array(data).buffer);
};

describe('PngWriter', () => {
  it('writes these chunks', async () => {
    const writer = new PngWriter({ widthPx: 1, heightPx: 2 }, 16, true, { Software: 'Kiln' });
    await writer.add(Float32Array.of(0, 0.5, 1, 1, 1, 1, 1, 0));
    const file = joined(await writer.finish());
    expect(file.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
    const chunks = chunksOf(file);
    expect(chunks.map(([name]) => name)).toEqual(['IHDR', 'sRGB', 'tEXt', 'IDAT', 'IEND']);
    expect(chunks[0]?.[1].toString('hex')).toBe('00000001000000021006000000');
    expect(chunks[1]?.[1].toString('hex')).toBe('00');
    expect(chunks[2]?.[1].toString()).toBe('Software\0Kiln');
    expect([...(await read16(file))]).toEqual([0, 0x8000, 65_535, 65_535, 65_535, 65_535, 65_535, 0]);
  });

  it.each([
    [8, false],
    [8, true],
    [16, false],
    [16, true],
  ] as const)('is read by sharp as what was written: %i bits, alpha %s', async (bits, hasAlpha) => {
    const size = { widthPx: 31, heightPx: 70 };
    const random = noise(bits);
    const levels = Array.from({ length: 31 * 70 * 4 }, () => Math.floor(random() * 2 ** bits));
    const writer = new PngWriter(size, bits, hasAlpha);
    const pixels = bits === 8 ? Uint8ClampedArray.from(levels) : Float32Array.from(levels, (level) => level / 65_535);
    await writer.add(pixels.subarray(0, 31 * 4 * 20));
    await writer.add(pixels.subarray(31 * 4 * 20));
    const file = joined(await writer.finish());
    const wanted = hasAlpha ? levels : levels.filter((_, i) => i % 4 !== 3);
    const found = bits === 8 ? await sharp(file).raw().toBuffer() : await read16(file);
    expect([...found]).toEqual(wanted);
    expect(await sharp(file).metadata()).toMatchObject({ channels: hasAlpha ? 4 : 3, bitsPerSample: bits });
  });

  it('cuts a large picture into chunks, the same however its rows were divided', async () => {
    const size = { widthPx: 600, heightPx: 400 };
    const random = noise(1);
    const pixels = Float32Array.from({ length: 600 * 400 * 4 }, random);
    const files: Buffer[] = [];
    for (const rows of [400, 100]) {
      const writer = new PngWriter(size, 16, true);
      for (let row = 0; row < 400; row += rows) await writer.add(pixels.subarray(row * 2_400, (row + rows) * 2_400));
      files.push(joined(await writer.finish()));
    }
    const [one, other] = files;
    expect(chunksOf(one ?? Buffer.alloc(0)).filter(([name]) => name === 'IDAT')).toHaveLength(2);
    expect(other && one?.equals(other)).toBe(true);
  });
});

it('taggedPng puts its tags behind the header and changes no pixel', async () => {
  const plain = await sharp({ create: { width: 5, height: 4, channels: 3, background: '#123456' } })
    .png()
    .toBuffer();
  const file = joined(taggedPng(new Uint8Array(plain), { Kiln: '{}' }));
  expect(
    chunksOf(file)
      .map(([name]) => name)
      .slice(0, 3),
  ).toEqual(['IHDR', 'sRGB', 'tEXt']);
  expect(await sharp(file).raw().toBuffer()).toEqual(await sharp(plain).raw().toBuffer());
});
