/** Runs in the browser: a picture through decoder and painter, beside the browser's own reading of it. */
import type { PictureCodecName } from '@kiln/shared';
import { PictureDecoder } from '../../src/live/picture-decoder.ts';
import { PicturePainter } from '../../src/live/picture-painter.ts';

export interface Difference {
  /** Whether the decoder gave planes. */
  readonly planes: boolean;
  /** Of 8-bit R, G and B, over all pixels. */
  readonly max: number;
  readonly mean: number;
}

declare global {
  interface Window {
    paintAndCompare?: (codec: PictureCodecName, width: number, height: number, quality: number) => Promise<Difference>;
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

/** Discs of many colours with hard edges. */
async function patternAs(codec: PictureCodecName, width: number, height: number, quality: number) {
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
