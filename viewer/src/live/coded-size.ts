/** How large a coded picture says it is: looked at before a decoder makes room for it. */
import type { StillCodec } from '@kiln/shared';

interface CodedSize {
  readonly width: number;
  readonly height: number;
}

/** Null for what is none of this codec. */
export function codedSize(codec: StillCodec, bytes: Uint8Array): CodedSize | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return READERS[codec](view);
  } catch (error) {
    // It ends before it says.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const READERS: Readonly<Record<StillCodec, (view: DataView) => CodedSize | null>> = {
  png: (view) =>
    view.getUint32(0) === 0x89504e47 && view.getUint32(12) === 0x49484452
      ? { width: view.getUint32(16), height: view.getUint32(20) }
      : null,
  jpeg: jpegSize,
  webp: webpSize,
};

/** From the first frame header, ITU-T T.81 B.2.2. */
function jpegSize(view: DataView): CodedSize | null {
  if (view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; ; at += 2 + view.getUint16(at + 2)) {
    // FF may be repeated before a marker.
    while (view.getUint16(at) === 0xffff) at += 1;
    const marker = view.getUint16(at);
    const isFrame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    if (marker < 0xffc0 || marker === 0xffda) return null;
  }
}

/** RFC 9649: of the first chunk, lossy, lossless or extended. */
function webpSize(view: DataView): CodedSize | null {
  if (view.getUint32(0) !== 0x52494646 || view.getUint32(8) !== 0x57454250) return null;
  const threeBytes = (at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  switch (view.getUint32(12)) {
    case 0x56503820:
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case 0x5650384c: {
      const bits = view.getUint32(21, true);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) };
    }
    case 0x56503858:
      return { width: 1 + threeBytes(24), height: 1 + threeBytes(27) };
    default:
      return null;
  }
}
