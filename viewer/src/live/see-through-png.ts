import { PNG_SIGNATURE, pngChunk } from '@kiln/shared';

/** 8 bits a channel, RGBA. */
const FORMAT = [8, 6, 0, 0, 0];

/** Rows without a filter. */
export async function seeThroughPng({ data, width, height }: ImageData): Promise<Blob> {
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
    PNG_SIGNATURE,
    pngChunk('IHDR', Uint8Array.from([...new Uint8Array(header.buffer), ...FORMAT])),
    pngChunk('IDAT', packed),
    pngChunk('IEND', new Uint8Array(0)),
  ];
  return new Blob(parts, { type: 'image/png' });
}
