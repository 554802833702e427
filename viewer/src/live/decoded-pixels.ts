/** A picture's colour and depth, decoded side by side. */
import { isVideoCodec, type Picture } from '@kiln/shared';
import { codedSize } from './coded-size.ts';
import { decodeDepth } from './depth-decoder.ts';
import type { LazyVideoReader } from './lazy-video-reader.ts';
import type { DecodedColour, PictureDecoder } from './picture-decoder.ts';
import type { Plane } from './yuv-picture.ts';

export interface DecodedPixels extends DecodedColour {
  readonly depth: Plane | null;
}

export interface ColourDecoders {
  readonly pictures: PictureDecoder;
  readonly videos: LazyVideoReader;
}

/** @throws Error when one of them cannot be read. */
export async function decodePixels(decoders: ColourDecoders, picture: Picture): Promise<DecodedPixels> {
  const { widthPx, heightPx } = picture.header.tile;
  const isAsSaid = (size: { readonly width: number; readonly height: number } | null) =>
    size?.width === widthPx && size.height === heightPx;
  const { codec } = picture.header;
  if (!isVideoCodec(codec) && !isAsSaid(codedSize(codec, picture.colour)))
    throw new Error(`it is no ${codec} of ${widthPx} × ${heightPx} pixels`);
  const [decoded, depth] = await Promise.allSettled([decodeColour(decoders, picture), decodeDepth(picture)]);
  if (decoded.status === 'rejected') throw decoded.reason;
  // A JPEG may say that it is to be turned.
  const isRight = isAsSaid(decoded.value.pixels);
  if (isRight && depth.status === 'fulfilled') return { ...decoded.value, depth: depth.value };
  decoded.value.close();
  throw depth.status === 'rejected' ? depth.reason : new Error('it decodes to another size than its own');
}

/** [LV30] Tiles are put over the pixels of pictures at rest: those are no planes. */
async function decodeColour({ pictures, videos }: ColourDecoders, { header, colour }: Picture): Promise<DecodedColour> {
  const { codec } = header;
  if (!isVideoCodec(codec)) return pictures.decode(codec, new Uint8Array(colour), header.moving);
  const reader = await videos.get();
  return { pixels: await reader.decode(codec, header, colour), close() {} };
}
