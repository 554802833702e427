/** Bytes of a picture to pixels. `createImageBitmap` decodes off the main thread in every browser that has it. */
import type { PICTURE_CODECS, PictureCodecName } from '@kiln/shared';

const MEDIA_TYPE = {
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  png: 'image/png',
} as const satisfies Record<keyof typeof PICTURE_CODECS, string>;

/** Alpha stays straight and colours as they were sent: the painter shows the worker's pixels, not an interpretation. */
export function decodeColour(codec: PictureCodecName, colour: Uint8Array<ArrayBuffer>): Promise<ImageBitmap> {
  return createImageBitmap(new Blob([colour], { type: MEDIA_TYPE[codec] }), {
    premultiplyAlpha: 'none',
    colorSpaceConversion: 'none',
  });
}
