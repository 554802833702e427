/** Width and height of images that glTF does not know, from their headers. */

interface OldImageSize {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly mediaType: 'image/bmp' | 'image/gif' | 'image/x-tga';
}

export function readOldImageSize(bytes: Uint8Array): OldImageSize | null {
  if (bytes.length < 26) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // BMP: "BM", then BITMAPINFOHEADER at 14 with width and height, which is negative when rows come from the top.
  if (view.getUint16(0) === 0x424d) {
    return {
      widthPx: Math.abs(view.getInt32(18, true)),
      heightPx: Math.abs(view.getInt32(22, true)),
      mediaType: 'image/bmp',
    };
  }
  // GIF: "GIF8", the version, then width and height.
  if (view.getUint32(0) === 0x47494638) {
    return { widthPx: view.getUint16(6, true), heightPx: view.getUint16(8, true), mediaType: 'image/gif' };
  }
  // TGA has no signature: colour map or none, an image type, bits of a pixel.
  const [map = 2, type = 0, bits = 0] = [bytes[1], bytes[2], bytes[16]];
  if (map > 1 || ![1, 2, 3, 9, 10, 11].includes(type) || ![8, 16, 24, 32].includes(bits)) return null;
  return { widthPx: view.getUint16(12, true), heightPx: view.getUint16(14, true), mediaType: 'image/x-tga' };
}
