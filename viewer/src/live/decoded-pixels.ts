/** A picture's colour and depth, decoded side by side. */
import type { Picture } from '@kiln/shared';
import { codedSize } from './coded-size.ts';
import { decodeDepth } from './depth-decoder.ts';
import type { DecodedColour, PictureDecoder, Plane } from './picture-decoder.ts';

export interface DecodedPixels extends DecodedColour {
  readonly depth: Plane | null;
}

/**
 * @param getsBetter whether tiles will be put over pictures at rest ([LV30]).
 * @throws Error when one of them cannot be read.
 */
export async function decodePixels(
  decoder: PictureDecoder,
  picture: Picture,
  getsBetter: boolean,
): Promise<DecodedPixels> {
  const { header, colour } = picture;
  const { widthPx, heightPx } = header.tile;
  const isAsSaid = (size: { readonly width: number; readonly height: number } | null) =>
    size?.width === widthPx && size.height === heightPx;
  const coded = codedSize(header.codec, colour);
  if (!isAsSaid(coded)) throw new Error(`it is no ${header.codec} of ${widthPx} × ${heightPx} pixels`);
  const [decoded, depth] = await Promise.allSettled([
    decoder.decode(header.codec, new Uint8Array(colour), header.moving || !getsBetter),
    decodeDepth(picture),
  ]);
  if (decoded.status === 'rejected') throw decoded.reason;
  // A JPEG may say that it is to be turned.
  const isRight = isAsSaid(decoded.value.pixels);
  if (isRight && depth.status === 'fulfilled') return { ...decoded.value, depth: depth.value };
  decoded.value.close();
  throw depth.status === 'rejected' ? depth.reason : new Error('it decodes to another size than its own');
}
