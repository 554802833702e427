/** Runs in the browser: a picture through decoder and painter, beside the browser's own reading of it. */
import type { StillCodec } from '@kiln/shared';
import { pictureBlob } from '../../src/live/picture-blob.ts';
import { PictureDecoder } from '../../src/live/picture-decoder.ts';
import { PicturePainter } from '../../src/live/picture-painter.ts';
import { mostApart } from './most-apart.ts';

export interface Difference {
  /** Whether the decoder gave planes. */
  readonly planes: boolean;
  /** Of 8-bit R, G and B, over all pixels. */
  readonly max: number;
  readonly mean: number;
}

export interface Patched {
  /** How far the picture's pixels are, at most, from what was sent: within the part, and outside it as the browser reads it. */
  readonly within: number;
  readonly outside: number;
  /** The same of its PNG, read by the browser. */
  readonly inPng: number;
}

declare global {
  interface Window {
    /** Puts a better part, from a pattern as PNG, over a picture of this codec. */
    patchAndCompare?: (codec: StillCodec, isSeeThrough: boolean) => Promise<Patched>;
    paintAndCompare?: (codec: StillCodec, width: number, height: number, quality: number) => Promise<Difference>;
  }
}

const canvas = document.createElement('canvas');
document.body.append(canvas);
const painter = new PicturePainter(canvas);
const decoder = new PictureDecoder();

window.paintAndCompare = async (codec, width, height, quality) => {
  const bytes = await patternAs(codec, width, height, quality);
  const decoded = await decoder.decode(codec, bytes);
  painter.resize(width, height, 1);
  painter.upload(decoded.pixels, width / height);
  painter.paint();
  decoded.close();
  const shown = shownPixels(width, height);
  const wanted = await pixelsOf(await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: 'none' }));
  let [max, sum] = [0, 0];
  for (let i = 0; i < wanted.length; i += 1) {
    const apart = Math.abs((wanted[i] ?? 0) - (shown[i] ?? 0));
    max = Math.max(max, apart);
    sum += apart;
  }
  return { planes: 'planes' in decoded.pixels, max, mean: sum / ((wanted.length / 4) * 3) };
};

window.patchAndCompare = async (codec, isSeeThrough) => {
  const [width, height] = [161, 91];
  const bytes = await patternAs(codec, width, height, 0.9);
  const whole = await decoder.decode(codec, bytes, false);
  painter.resize(width, height, 1);
  painter.upload(whole.pixels, width / height);
  const before = await pixelsOf(await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: 'none' }));
  const tile = { x: 40, y: 21, width: 64, height: 33 };
  const part = new ImageData(tile.width, tile.height);
  for (let i = 0; i < part.data.length; i += 1)
    part.data[i] = i % 4 === 3 ? (isSeeThrough ? (i >> 4) % 256 : 255) : (i * 7) % 256;
  const png = await pictureBlob(part, 'image/png');
  const decoded = await decoder.decode('png', new Uint8Array(await png.arrayBuffer()), false);
  painter.patch(decoded.pixels, tile);
  decoded.close();
  whole.close();
  const read = painter.read();
  if (!read) throw new Error('nothing was uploaded');
  const [again] = [
    await decoder.decode('png', new Uint8Array(await (await pictureBlob(read, 'image/png')).arrayBuffer()), false),
  ];
  painter.upload(again.pixels, width / height);
  const inPng = mostApart(read.data, painter.read()?.data ?? new Uint8ClampedArray());
  let [within, outside] = [0, 0];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width * 4; x += 1) {
      const [column, row] = [x - tile.x * 4, y - tile.y];
      const isWithin = column >= 0 && column < tile.width * 4 && row >= 0 && row < tile.height;
      const wanted = isWithin ? part.data[row * tile.width * 4 + column] : before[y * width * 4 + x];
      const apart = Math.abs((wanted ?? 0) - (read.data[y * width * 4 + x] ?? 0));
      if (isWithin) within = Math.max(within, apart);
      else outside = Math.max(outside, apart);
    }
  }
  return { within, outside, inPng };
};

/** Discs of many colours with hard edges. */
async function patternAs(codec: StillCodec, width: number, height: number, quality: number) {
  const pattern = new OffscreenCanvas(width, height);
  const context = pattern.getContext('2d');
  if (!context) throw new Error('no canvas');
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  for (let i = 0; i < 400; i += 1) {
    context.fillStyle = `hsl(${(i * 37) % 360} 60% ${30 + (i % 50)}%)`;
    context.beginPath();
    context.arc((i * 97) % width, (i * 61) % height, 20 + (i % 30), 0, 7);
    context.fill();
  }
  const blob = await pattern.convertToBlob({ type: `image/${codec}`, quality });
  return new Uint8Array(await blob.arrayBuffer());
}

async function pixelsOf(bitmap: ImageBitmap): Promise<Uint8ClampedArray> {
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  if (!context) throw new Error('no canvas');
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height).data;
}

/** Top row first. */
function shownPixels(width: number, height: number): Uint8Array {
  const gl = canvas.getContext('webgl2');
  if (!gl) throw new Error('no WebGL');
  const upward = new Uint8Array(width * height * 4);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, upward);
  const rowBytes = width * 4;
  const downward = new Uint8Array(upward.length);
  for (let row = 0; row < height; row += 1) {
    downward.set(upward.subarray(row * rowBytes, (row + 1) * rowBytes), (height - 1 - row) * rowBytes);
  }
  return downward;
}
