/** Runs in the browser: what pictures cost that get better tile by tile, as the worker finds the tiles and a viewer takes them. */
import type { TileFigures } from '../tile-figures.ts';

interface Region {
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** The worker's own, from a script of its own. */
interface TileGrid {
  assume(pixels: Uint8ClampedArray): void;
  take(pixels: Uint8ClampedArray, isExact: boolean): Region[];
}

interface TileScript {
  readonly TileGrid: new (size: { widthPx: number; heightPx: number }, tilePx: number) => TileGrid;
}

declare global {
  interface Window {
    /**
     * Sends pictures, PNGs by path, the first of which is there already.
     *
     * @param endsExact whether the last one is sent without loss.
     * @returns the sums.
     */
    sendTiles?: (paths: readonly string[], tilePx: number, endsExact: boolean) => Promise<TileFigures>;
  }
}

/** Of a picture message. */
const HEADER_BYTES = 136;
/** As many as the worker's page has workers that encode. */
const AT_ONCE = 2;
/** Of tiles before the last ones. */
const QUALITY = 0.95;

const gl = new OffscreenCanvas(1, 1).getContext('webgl2');

window.sendTiles = async (paths, tilePx, endsExact) => {
  if (!gl) throw new Error('no WebGL 2');
  const script = '/tile-grid.js';
  const { TileGrid } = (await import(script)) as TileScript;
  const pictures = await Promise.all(paths.map(pixelsAt));
  const [first, ...better] = pictures;
  if (!first) throw new Error('no pictures');
  const grid = new TileGrid({ widthPx: first.width, heightPx: first.height }, tilePx);
  grid.assume(first.data);
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, first.width, first.height);
  let sums: TileFigures = { bytes: 0, encodeMs: 0, decodeMs: 0, uploadMs: 0 };
  for (const [at, picture] of better.entries()) {
    const isExact = endsExact && at === better.length - 1;
    const startedAt = performance.now();
    const regions = grid.take(picture.data, isExact);
    const blobs = await encodeAll(picture, regions, isExact);
    const encodedAt = performance.now();
    const options = { premultiplyAlpha: 'none', colorSpaceConversion: 'none' } as const;
    const bitmaps = await Promise.all(blobs.map((blob) => createImageBitmap(blob, options)));
    const decodedAt = performance.now();
    for (const [i, bitmap] of bitmaps.entries()) {
      const { x = 0, y = 0 } = regions[i] ?? {};
      gl.texSubImage2D(gl.TEXTURE_2D, 0, x, y, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
      bitmap.close();
    }
    gl.finish();
    sums = {
      bytes: sums.bytes + blobs.reduce((sum, { size }) => sum + HEADER_BYTES + size, 0),
      encodeMs: sums.encodeMs + encodedAt - startedAt,
      decodeMs: sums.decodeMs + decodedAt - encodedAt,
      uploadMs: sums.uploadMs + performance.now() - decodedAt,
    };
  }
  gl.deleteTexture(texture);
  return sums;
};

async function encodeAll(picture: ImageData, regions: readonly Region[], isExact: boolean): Promise<Blob[]> {
  const blobs: Blob[] = [];
  let next = 0;
  const encodeNext = async (): Promise<void> => {
    for (let at = next++; at < regions.length; at = next++) {
      const region = regions[at];
      if (region) blobs[at] = await encode(picture, region, isExact);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, encodeNext));
  return blobs;
}

function encode(picture: ImageData, { x, y, widthPx, heightPx }: Region, isExact: boolean): Promise<Blob> {
  const canvas = new OffscreenCanvas(widthPx, heightPx);
  const part = new ImageData(widthPx, heightPx);
  for (let row = 0; row < heightPx; row += 1) {
    const from = ((y + row) * picture.width + x) * 4;
    part.data.set(picture.data.subarray(from, from + widthPx * 4), row * widthPx * 4);
  }
  canvas.getContext('2d', { willReadFrequently: true })?.putImageData(part, 0, 0);
  return canvas.convertToBlob(isExact ? { type: 'image/png' } : { type: 'image/jpeg', quality: QUALITY });
}

async function pixelsAt(path: string): Promise<ImageData> {
  const response = await fetch(path);
  const bitmap = await createImageBitmap(await response.blob(), { colorSpaceConversion: 'none' });
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  if (!context) throw new Error('no canvas');
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}
