import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type ExrChannel, ExrWriter } from '../../../src/page/encode/exr.ts';
import { readExr } from '../read-file.ts';
import { joined, noise } from './bytes.ts';

const RGBA = ['R', 'G', 'B', 'A'] as const;
const rgba = (type: ExrChannel['type']) => RGBA.map((name) => ({ name, type }));
const interleaved = (values: Float32Array) => RGBA.map((_, offset) => ({ values, offset, stride: 4 }));

/** Rows of a picture of smooth light with some noise. */
function light(widthPx: number, heightPx: number): Float32Array {
  const random = noise(7);
  return Float32Array.from({ length: widthPx * heightPx * 4 }, (_, i) => Math.sin(i / 99) * 3 + random() * 0.1);
}

describe('ExrWriter', () => {
  it('writes these bytes for a picture of two pixels', async () => {
    const writer = new ExrWriter(
      { widthPx: 2, heightPx: 1 },
      [
        { name: 'Z', type: 'float' },
        { name: 'A', type: 'half' },
      ],
      {
        note: 'hi',
        n: -2,
      },
    );
    await writer.add(1, [
      { values: Float32Array.of(1.5, -2), offset: 0, stride: 1 },
      { values: Float32Array.of(0.5, 1), offset: 0, stride: 1 },
    ]);
    const attribute = (name: string, type: string, hex: string) => {
      const value = Buffer.from(hex.replaceAll(' ', ''), 'hex');
      const size = Buffer.alloc(4);
      size.writeUInt32LE(value.length);
      return Buffer.concat([Buffer.from(`${name}\0${type}\0`), size, value]);
    };
    const head = Buffer.concat([
      Buffer.from('762f310102000000', 'hex'),
      attribute(
        'channels',
        'chlist',
        `4100 01000000 00000000 01000000 01000000 5a00 02000000 00000000 01000000 01000000 00`,
      ),
      attribute(
        'chromaticities',
        'chromaticities',
        Buffer.from(Float32Array.of(0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329).buffer).toString('hex'),
      ),
      attribute('compression', 'compression', '03'),
      attribute('dataWindow', 'box2i', '00000000 00000000 01000000 00000000'),
      attribute('displayWindow', 'box2i', '00000000 00000000 01000000 00000000'),
      attribute('lineOrder', 'lineOrder', '00'),
      attribute('pixelAspectRatio', 'float', '0000803f'),
      attribute('screenWindowCenter', 'v2f', '00000000 00000000'),
      attribute('screenWindowWidth', 'float', '0000803f'),
      attribute('note', 'string', '6869'),
      attribute('n', 'int', 'feffffff'),
      Buffer.from([0]),
    ]);
    const offset = Buffer.alloc(8);
    offset.writeUInt32LE(head.length + 8);
    // Too small to become smaller: as they are, A before Z.
    const chunk = Buffer.from('00000000 0c000000 0038 003c 0000c03f 000000c0'.replaceAll(' ', ''), 'hex');
    expect(joined(writer.finish()).toString('hex')).toBe(Buffer.concat([head, offset, chunk]).toString('hex'));
  });

  it('splits a chunk into even and odd bytes, takes differences, and compresses them', async () => {
    const writer = new ExrWriter({ widthPx: 64, heightPx: 1 }, [{ name: 'Y', type: 'uint' }]);
    await writer.add(1, [{ values: Uint32Array.from({ length: 64 }, () => 0x04030201), offset: 0, stride: 1 }]);
    const chunk = joined(writer.finish().slice(-1));
    const even = Array.from({ length: 128 }, (_, i) => (i % 2 === 0 ? 1 : 3));
    const odd = Array.from({ length: 128 }, (_, i) => (i % 2 === 0 ? 2 : 4));
    const bytes = [...even, ...odd];
    expect([...inflateSync(chunk)]).toEqual(
      bytes.map((byte, i) => (i === 0 ? byte : (byte - (bytes[i - 1] ?? 0) + 128) & 255)),
    );
  });

  it('sorts channels by their names, layers too, and flags long names', async () => {
    const names = ['normal.X', 'R', 'depth.Z', 'A', 'a-layer-with-a-name-of-some-length.R'];
    const writer = new ExrWriter(
      { widthPx: 1, heightPx: 1 },
      names.map((name) => ({ name, type: 'float' })),
    );
    await writer.add(
      1,
      names.map((_, i) => ({ values: Float32Array.of(i), offset: 0, stride: 1 })),
    );
    const file = joined(writer.finish());
    const places = ['A\0', 'R\0', 'a-layer', 'depth.Z', 'normal.X'].map((name) => file.indexOf(name, 30));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(file.readUInt32LE(4)).toBe(0x402);
    const values = file.subarray(-20);
    expect([0, 4, 8, 12, 16].map((at) => values.readFloatLE(at))).toEqual([3, 1, 4, 2, 0]);
  });

  it.each([
    [1, 1],
    [7, 16],
    [33, 17],
    [100, 50],
  ])('is read by three as what was written, %i × %i: floats exactly, halves rounded', async (widthPx, heightPx) => {
    const values = light(widthPx, heightPx);
    for (const type of ['float', 'half'] as const) {
      const writer = new ExrWriter({ widthPx, heightPx }, rgba(type));
      await writer.add(heightPx, interleaved(values));
      const found = readExr(joined(writer.finish())).values;
      if (type === 'float') expect(found).toEqual(values);
      else
        expect(Math.max(...found.map((value, i) => Math.abs(value - (values[i] ?? 0))))).toBeLessThanOrEqual(2 ** -10);
    }
  });

  it('is the same file, however its rows were divided', async () => {
    const size = { widthPx: 20, heightPx: 40 };
    const values = light(20, 40);
    const whole = new ExrWriter(size, rgba('half'));
    await whole.add(40, interleaved(values));
    const parts = new ExrWriter(size, rgba('half'));
    await parts.add(32, interleaved(values.subarray(0, 32 * 80)));
    await parts.add(8, interleaved(values.subarray(32 * 80)));
    expect(joined(parts.finish()).equals(joined(whole.finish()))).toBe(true);
  });

  it('refuses rows that are no whole chunks, and a file that lacks some', async () => {
    const writer = new ExrWriter({ widthPx: 1, heightPx: 40 }, rgba('half'));
    await expect(writer.add(8, interleaved(light(1, 8)))).rejects.toThrow('8 rows are no whole chunks');
    await writer.add(16, interleaved(light(1, 16)));
    expect(() => writer.finish()).toThrow('16 of 40 rows');
  });
});
