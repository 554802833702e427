import sharp from 'sharp';

interface Rgb {
  readonly r: number;
  readonly g: number;
  readonly b: number;
}

export interface Pixels {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly format: string;
  /** Channel values 0 to 255 as encoded; `x` and `y` from 0 to 1, from the upper left. */
  at(x: number, y: number): Rgb;
}

/** @param source path or bytes of a PNG, JPEG or WebP. */
export async function readPixels(source: string | Uint8Array): Promise<Pixels> {
  const { format } = await sharp(source).metadata();
  const { data, info } = await sharp(source).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  return {
    widthPx: width,
    heightPx: height,
    format: format ?? '',
    at: (x, y) => {
      const start = (Math.floor(y * (height - 1)) * width + Math.floor(x * (width - 1))) * 3;
      return { r: data[start] ?? 0, g: data[start + 1] ?? 0, b: data[start + 2] ?? 0 };
    },
  };
}
