/**
 * Bytes of a picture to pixels, off the main thread. Measured with Chromium 156 on two cores, 640×360, medians in
 * milliseconds to decode and to give to WebGL:
 *
 * | way | JPEG 75 | JPEG 95 | WebP 95 |
 * | --- | --- | --- | --- |
 * | `createImageBitmap` | 9.7 + 0.3 | 11.3 + 2.8 | 13.5 + 3.2 |
 * | `ImageDecoder`, its frame as texture | 1.0 + 13.2 | 1.1 + 13.2 | 8.3 + 6.2 |
 * | `ImageDecoder`, RGBA copied out | 4.4 + 0.1 | 4.6 + 0.1 | 14.3 + 0.2 |
 * | `<img>` | 9.1 + 4.6 | 10.3 + 11.0 | 16.3 + 13.5 |
 *
 * A JPEG is copied out as it is coded, as planes: the painter's shader interpolates colour samples, as libjpeg does,
 * where the copy to RGBA would double them.
 */
import type { StillCodec } from '@kiln/shared';
import { type YuvPicture, yuvOf } from './yuv-picture.ts';

const MEDIA_TYPE = {
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  png: 'image/png',
} as const satisfies Record<StillCodec, string>;

export interface DecodedColour {
  /** A bitmap has straight alpha, and colours as they were sent. */
  readonly pixels: ImageBitmap | YuvPicture;
  close(): void;
}

/** The painter shows the worker's pixels, not an interpretation of them. */
export class PictureDecoder {
  /** Whether JPEGs may come as planes. Browsers have WebCodecs in secure contexts only, and not all of them give planes. */
  #triesPlanes = 'ImageDecoder' in globalThis;

  /** @param mayBePlanes whether nothing is put over it later: tiles are bitmaps, and so is what they are put over. */
  async decode(codec: StillCodec, colour: Uint8Array<ArrayBuffer>, mayBePlanes = true): Promise<DecodedColour> {
    if (mayBePlanes && codec === 'jpeg' && this.#triesPlanes) {
      const planes = await jpegPlanes(colour);
      if (planes) return { pixels: planes, close() {} };
      this.#triesPlanes = false;
    }
    const pixels = await createImageBitmap(new Blob([colour], { type: MEDIA_TYPE[codec] }), {
      premultiplyAlpha: 'none',
      colorSpaceConversion: 'none',
    });
    return { pixels, close: () => pixels.close() };
  }
}

/** Null where the browser decodes to something else than the planes of `YuvPicture`. */
async function jpegPlanes(jpeg: Uint8Array<ArrayBuffer>): Promise<YuvPicture | null> {
  const decoder = new ImageDecoder({ data: jpeg, type: MEDIA_TYPE.jpeg, colorSpaceConversion: 'none' });
  try {
    const { image } = await decoder.decode();
    try {
      const { fullRange, matrix } = image.colorSpace;
      return fullRange && matrix === 'smpte170m' ? await yuvOf(image) : null;
    } finally {
      image.close();
    }
  } finally {
    decoder.close();
  }
}
