/** Width and height of images, read from their headers: an image is not decoded before its size is known. */

export interface ImageSize {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly mediaType: 'image/png' | 'image/jpeg' | 'image/webp' | 'image/ktx2' | 'image/avif';
}

/** @returns null for what is none of the five formats, or ends before its size. */
export function readImageSize(bytes: Uint8Array): ImageSize | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return readPng(view) ?? readJpeg(view) ?? readWebp(view) ?? readKtx2(view) ?? readAvif(view);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const tag = (view: DataView, offset: number) => (offset + 4 <= view.byteLength ? view.getUint32(offset) : 0);

/** PNG: signature, then IHDR with width and height at 16 and 20. */
function readPng(view: DataView): ImageSize | null {
  if (tag(view, 0) !== 0x89504e47) return null;
  return { widthPx: view.getUint32(16), heightPx: view.getUint32(20), mediaType: 'image/png' };
}

/** JPEG: segments up to a frame header (SOF0 to SOF15, but not DHT, JPG and DAC), which has height and width at 5. */
function readJpeg(view: DataView): ImageSize | null {
  if (view.byteLength < 3 || view.getUint16(0) !== 0xffd8) return null;
  for (let offset = 2; ; ) {
    if (view.getUint8(offset) !== 0xff) return null;
    const marker = view.getUint8(offset + 1);
    if (marker === 0xff) {
      offset += 1;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      return { widthPx: view.getUint16(offset + 7), heightPx: view.getUint16(offset + 5), mediaType: 'image/jpeg' };
    }
    const isAlone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    offset += 2 + (isAlone ? 0 : view.getUint16(offset + 2));
  }
}

/** WebP: RIFF container; the first chunk is VP8 (lossy), VP8L (lossless) or VP8X (extended). RFC 9649, section 2. */
function readWebp(view: DataView): ImageSize | null {
  if (tag(view, 0) !== 0x52494646 || tag(view, 8) !== 0x57454250) return null;
  const mediaType = 'image/webp';
  const uint24 = (offset: number) => view.getUint16(offset, true) | (view.getUint8(offset + 2) << 16);
  switch (tag(view, 12)) {
    case 0x56503820:
      return { widthPx: view.getUint16(26, true) & 0x3fff, heightPx: view.getUint16(28, true) & 0x3fff, mediaType };
    case 0x5650384c: {
      const bits = view.getUint32(21, true);
      return { widthPx: (bits & 0x3fff) + 1, heightPx: ((bits >>> 14) & 0x3fff) + 1, mediaType };
    }
    case 0x56503858:
      return { widthPx: uint24(24) + 1, heightPx: uint24(27) + 1, mediaType };
    default:
      return null;
  }
}

/** KTX 2.0, section 3: identifier «KTX 20», width and height at 20 and 24; height 0 is a texture of one dimension. */
function readKtx2(view: DataView): ImageSize | null {
  if (tag(view, 0) !== 0xab4b5458 || tag(view, 4) !== 0x203230bb) return null;
  return {
    widthPx: view.getUint32(20, true),
    heightPx: Math.max(1, view.getUint32(24, true)),
    mediaType: 'image/ktx2',
  };
}

/** Bytes from the start in which an AVIF's properties are looked for. */
const AVIF_HEADER_BYTES = 65_536;

/** AVIF: a HEIF container; the largest of its image spatial extents (box `ispe`: size, type, flags, width, height). */
function readAvif(view: DataView): ImageSize | null {
  if (tag(view, 4) !== 0x66747970) return null;
  const brand = tag(view, 8);
  if (brand !== 0x61766966 && brand !== 0x61766973 && brand !== 0x6d696631) return null;
  let [widthPx, heightPx] = [0, 0];
  for (let offset = 12; offset + 16 <= Math.min(view.byteLength, AVIF_HEADER_BYTES); offset += 1) {
    if (view.getUint32(offset) !== 0x69737065) continue;
    widthPx = Math.max(widthPx, view.getUint32(offset + 8));
    heightPx = Math.max(heightPx, view.getUint32(offset + 12));
  }
  return widthPx > 0 ? { widthPx, heightPx, mediaType: 'image/avif' } : null;
}
