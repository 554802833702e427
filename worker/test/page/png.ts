import sharp from 'sharp';

/** A PNG of one colour. */
export const png = (widthPx: number, heightPx: number, color: string): Promise<Buffer> =>
  sharp({ create: { width: widthPx, height: heightPx, channels: 3, background: color } })
    .png()
    .toBuffer();

/** Two by two pixels: red and green above blue and white. */
export const colouredPng = (): Promise<Buffer> =>
  sharp(Buffer.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]), { raw: { width: 2, height: 2, channels: 3 } })
    .png()
    .toBuffer();

/** The first bytes of a PNG that says it has this size; what follows is missing. */
export function pngHeader(widthPx: number, heightPx: number): Buffer {
  const bytes = Buffer.alloc(64);
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]).copy(bytes);
  bytes.write('IHDR', 12);
  bytes.writeUInt32BE(widthPx, 16);
  bytes.writeUInt32BE(heightPx, 20);
  bytes.set([8, 2, 0, 0, 0], 24);
  return bytes;
}
