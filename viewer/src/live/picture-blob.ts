/** A picture's pixels as a file. A canvas holds colours multiplied by alpha: a see-through PNG is written here. */

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** 8 bits a channel, RGBA. */
const FORMAT = [8, 6, 0, 0, 0];

/** @throws Error when the browser does not write this type. */
export async function pictureBlob(image: ImageData, type: string, quality?: number): Promise<Blob> {
  if (type === 'image/png' && isSeeThrough(image)) return pngOf(image);
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  const blob = await canvas.convertToBlob({ type, ...(quality !== undefined && { quality }) });
  if (blob.type !== type) throw new Error(`this browser writes no ${type}`);
  return blob;
}

function isSeeThrough({ data }: ImageData): boolean {
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 255) return true;
  return false;
}

/** Rows without a filter. */
async function pngOf({ data, width, height }: ImageData): Promise<Blob> {
  const rows = new Uint8Array((1 + width * 4) * height);
  for (let row = 0; row < height; row += 1) {
    rows.set(data.subarray(row * width * 4, (row + 1) * width * 4), row * (1 + width * 4) + 1);
  }
  const header = new DataView(new ArrayBuffer(8));
  header.setUint32(0, width);
  header.setUint32(4, height);
  const zlib = new Blob([rows]).stream().pipeThrough(new CompressionStream('deflate'));
  const packed = new Uint8Array(await new Response(zlib).arrayBuffer());
  const parts = [
    Uint8Array.from(SIGNATURE),
    ...chunk('IHDR', Uint8Array.from([...new Uint8Array(header.buffer), ...FORMAT])),
    ...chunk('IDAT', packed),
    ...chunk('IEND', new Uint8Array(0)),
  ];
  return new Blob(parts, { type: 'image/png' });
}

function chunk(name: string, data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const tag = Uint8Array.from(name, (letter) => letter.charCodeAt(0));
  const size = new DataView(new ArrayBuffer(4));
  size.setUint32(0, data.length);
  const check = new DataView(new ArrayBuffer(4));
  check.setUint32(0, crc32([tag, data]));
  return [new Uint8Array(size.buffer), tag, data, new Uint8Array(check.buffer)];
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb8_8320 : value >>> 1;
  return value;
});

function crc32(parts: readonly Uint8Array[]): number {
  let crc = 0xffff_ffff;
  for (const part of parts) for (const byte of part) crc = (CRC_TABLE[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffff_ffff) >>> 0;
}
