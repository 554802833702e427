import { describe, expect, it } from 'vitest';
import { KilnError } from '../src/errors.ts';
import { checkImageFormat, defaultBitDepth, frameFileName, IMAGE_FORMATS, isLinear } from '../src/image-formats.ts';
import { completeSettings } from '../src/job-defaults.ts';
import { BitDepth, ImageFormat, Pass } from '../src/schemas/settings.ts';

const SIZE = { widthPx: 640, heightPx: 360 };
type Output = Parameters<typeof checkImageFormat>[0];

function refusal(output: Partial<Output>) {
  try {
    const plain = { format: 'png', bitDepth: 8, size: SIZE, background: 'neutral', passes: ['beauty'] } as const;
    checkImageFormat({ ...plain, passes: [...plain.passes], ...output }, '/layers/0');
    return null;
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    const { code, field, message } = error;
    return { code, field, message };
  }
}

describe('checkImageFormat', () => {
  it('takes the bit depths of each format, and no others', () => {
    const taken = Object.fromEntries(
      ImageFormat.enum.map((format) => [format, BitDepth.enum.filter((bitDepth) => !refusal({ format, bitDepth }))]),
    );
    expect(taken).toEqual({
      png: [8, 16],
      jpeg: [8],
      webp: [8],
      avif: [8],
      tiff: [8, 16, 'float'],
      exr: ['half', 'float'],
    });
  });

  it('names the field and what would hold it', () => {
    expect(refusal({ format: 'jpeg', bitDepth: 16 })).toEqual({
      code: 'job.unsupported',
      field: '/layers/0/bitDepth',
      message: 'JPEG holds 8 bits a channel; 16 needs png or tiff',
    });
    expect(refusal({ format: 'jpeg', background: 'transparent' })).toEqual({
      code: 'job.unsupported',
      field: '/layers/0/background',
      message: 'JPEG has no alpha; a transparent background needs png, webp, avif, tiff or exr',
    });
  });

  it('refuses more of passes than one file can have, whatever their channels', () => {
    const square = { format: 'exr', size: { widthPx: 16_384, heightPx: 16_384 }, background: 'neutral' } as const;
    const all = [...Pass.enum];
    expect(() =>
      checkImageFormat({ ...square, bitDepth: 'half', passes: ['beauty', 'depth', 'normal'] }, ''),
    ).not.toThrow();
    expect(() => checkImageFormat({ ...square, bitDepth: 'float', passes: all }, '/layers/0')).toThrow(
      expect.objectContaining({ code: 'job.too_large', field: '/layers/0/passes' }),
    );
  });

  it('takes the passes that a file can hold', () => {
    const passes = ['beauty', 'depth', 'normal'] satisfies Output['passes'];
    expect(refusal({ passes })).toBeNull();
    expect(refusal({ passes: ['beauty', 'position', 'samples'] })).toEqual({
      code: 'job.unsupported',
      field: '/layers/0/passes',
      message: 'PNG of 8 bits a channel does not hold position, samples; use exr, or tiff of floats',
    });
    expect(refusal({ passes: ['motion'] })).toBeNull();
    expect(refusal({ passes: ['motion'], format: 'webp' })).toMatchObject({ field: '/layers/0/passes' });
    expect(refusal({ passes: ['position', 'samples'], format: 'tiff', bitDepth: 'float' })).toBeNull();
    expect(refusal({ format: 'exr', bitDepth: 'half', passes })).toBeNull();
  });

  it.each([
    ['jpeg', 65_535],
    ['webp', 16_383],
    ['avif', 32_768],
  ] as const)('takes edges of %s up to %d pixels', (format, edge) => {
    expect(refusal({ format, size: { widthPx: edge - 1, heightPx: 16 } })).toBeNull();
    expect(refusal({ format, size: { widthPx: 16, heightPx: edge } })).toBeNull();
    expect(refusal({ format, size: { widthPx: 16, heightPx: edge + 1 } })).toMatchObject({
      code: 'job.too_large',
      field: '/layers/0/size',
      message: expect.stringContaining(`${edge} pixels an edge`),
    });
  });

  it.each(ImageFormat.enum)('takes as many pixels as %s holds', (format) => {
    const bitDepth = defaultBitDepth(format);
    const { maxPixels } = IMAGE_FORMATS[format];
    const widthPx = Math.floor(Math.sqrt(maxPixels));
    const size = (pixels: number) => ({ widthPx, heightPx: pixels / widthPx });
    expect(refusal({ format, bitDepth, size: size(maxPixels - 1) })).toBeNull();
    expect(refusal({ format, bitDepth, size: size(maxPixels) })).toBeNull();
    expect(refusal({ format, bitDepth, size: size(maxPixels + 1) })).toMatchObject({ code: 'job.too_large' });
  });
});

it('completes the bit depth by the format, and keeps what was asked for', () => {
  const depthOf = (format: ImageFormat) => completeSettings({ frames: '1', size: SIZE, format }).bitDepth;
  expect(ImageFormat.enum.map(depthOf)).toEqual([8, 8, 8, 8, 8, 'half']);
  expect(completeSettings({ frames: '1', size: SIZE }).bitDepth).toBe(8);
  expect(completeSettings({ frames: '1', size: SIZE, format: 'exr', bitDepth: 'float' }).bitDepth).toBe('float');
});

it('calls half and float linear', () => {
  expect(BitDepth.enum.filter(isLinear)).toEqual(['half', 'float']);
});

describe('frameFileName', () => {
  it.each([
    [0, 'png', '0000.png'],
    [7, 'jpeg', '0007.jpg'],
    [9_999, 'webp', '9999.webp'],
    [12_345, 'png', '12345.png'],
    [-3, 'png', '-0003.png'],
    [1, 'tiff', '0001.tif'],
    [1, 'exr', '0001.exr'],
    [1, 'avif', '0001.avif'],
  ] as const)('names frame %d as %s: %s', (frameNumber, format, name) => {
    expect(frameFileName(frameNumber, format)).toBe(name);
  });
});
