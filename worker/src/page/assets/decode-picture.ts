/** RGBA, row by row; 16 bits are half floats. */
export interface PicturePixels {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array | Float32Array;
}

/**
 * Bytes of an image, alpha straight, as its file has them.
 *
 * @throws Error when it is damaged.
 */
export function decodePicture(file: Uint8Array<ArrayBuffer>, mediaType: string): Promise<PicturePixels> {
  // A canvas would multiply with alpha, which in PNGs may be a divisor of the light.
  return mediaType === 'image/png' ? decodePng(file) : decodeOpaque(file);
}

async function decodePng(file: Uint8Array<ArrayBuffer>): Promise<PicturePixels> {
  const decoder = new ImageDecoder({
    data: file,
    type: 'image/png',
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
  });
  try {
    const { image } = await decoder.decode();
    const { displayWidth: widthPx, displayHeight: heightPx } = image;
    const data = new Uint8Array(widthPx * heightPx * 4);
    await image.copyTo(data, { format: 'RGBA' });
    image.close();
    return { widthPx, heightPx, data };
  } finally {
    decoder.close();
  }
}

async function decodeOpaque(file: Uint8Array<ArrayBuffer>): Promise<PicturePixels> {
  const bitmap = await createImageBitmap(new Blob([file]), { colorSpaceConversion: 'none' });
  const { width: widthPx, height: heightPx } = bitmap;
  const context = new OffscreenCanvas(widthPx, heightPx).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('there is no memory for a canvas');
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { widthPx, heightPx, data: context.getImageData(0, 0, widthPx, heightPx).data };
}
