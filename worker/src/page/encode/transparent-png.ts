/** PNG with straight alpha. A canvas keeps premultiplied colours, which loses those of nearly transparent pixels. */

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** PNG specification, third edition, section 5: chunks are length, type, data, CRC-32 of type and data, big-endian. */
function chunk(type: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  let crc = 0xffffffff;
  for (const byte of bytes.subarray(4, 8 + data.length)) crc = (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  view.setUint32(8 + data.length, ~crc >>> 0);
  return bytes;
}

/** @param pixels RGBA, 8 bits, sRGB, straight alpha, top row first. */
export async function encodeTransparentPng(
  pixels: Uint8ClampedArray,
  widthPx: number,
  heightPx: number,
): Promise<ArrayBuffer> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, widthPx);
  view.setUint32(4, heightPx);
  // 8 bits, RGBA, deflate, adaptive filters, not interlaced.
  header.set([8, 6, 0, 0, 0], 8);
  const deflated = await new Response(
    new Blob([filtered(pixels, widthPx * 4, heightPx)]).stream().pipeThrough(new CompressionStream('deflate')),
  ).arrayBuffer();
  const parts = [
    Uint8Array.from(SIGNATURE),
    chunk('IHDR', header),
    chunk('sRGB', Uint8Array.of(0)),
    chunk('IDAT', new Uint8Array(deflated)),
    chunk('IEND', new Uint8Array()),
  ];
  return new Blob(parts).arrayBuffer();
}

/** Each row behind its filter type: 2, the difference to the row above, which suits renders and is fast. */
function filtered(pixels: Uint8ClampedArray, rowBytes: number, rows: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array((rowBytes + 1) * rows);
  for (let row = 0; row < rows; row += 1) {
    const to = row * (rowBytes + 1);
    const from = row * rowBytes;
    out[to] = row === 0 ? 0 : 2;
    for (let i = 0; i < rowBytes; i += 1) {
      const above = row === 0 ? 0 : (pixels[from - rowBytes + i] ?? 0);
      out[to + 1 + i] = (pixels[from + i] ?? 0) - above;
    }
  }
  return out;
}
