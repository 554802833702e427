const START = 0xffd8;
const APP0 = 0xffe0;
const APP1 = 0xe1;
const XMP_NAME = 'http://ns.adobe.com/xap/1.0/\0';

/**
 * Adds XMP to a JPEG that has none, behind its JFIF header. The browser has put an sRGB profile into it already.
 *
 * @returns its parts.
 * @throws when `jpeg` begins as no JPEG.
 */
export function taggedJpeg(jpeg: Uint8Array<ArrayBuffer>, xmp: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  if (view.getUint16(0) !== START) throw new Error('the JPEG has no start');
  const head = view.getUint16(2) === APP0 ? 4 + view.getUint16(4) : 2;
  return [jpeg.subarray(0, head), segment(APP1, XMP_NAME, xmp), jpeg.subarray(head)];
}

/** `ff`, marker, u16 length of what follows and of itself, big-endian. */
function segment(marker: number, name: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const label = new TextEncoder().encode(name);
  const length = 2 + label.length + data.length;
  if (length > 0xffff) throw new Error(`a JPEG segment of ${length} bytes is too long`);
  const bytes = new Uint8Array(2 + length);
  bytes.set([0xff, marker, length >>> 8, length]);
  bytes.set(label, 4);
  bytes.set(data, 4 + label.length);
  return bytes;
}
