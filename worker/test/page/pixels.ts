import sharp from 'sharp';

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** RGBA of a pixel, counted from the upper left, each 0 to 255. */
  at(x: number, y: number): readonly number[];
  /** Of the pixel in the middle. */
  readonly middle: readonly number[];
  readonly data: Buffer;
}

/** Linear light of an sRGB level, 0 to 255. */
export const lightOf = (level: number): number =>
  level <= 10 ? level / 255 / 12.92 : ((level / 255 + 0.055) / 1.055) ** 2.4;

/** Decodes PNG, JPEG or WebP. */
export async function decode(bytes: Uint8Array): Promise<Pixels> {
  const { data, info } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const at = (x: number, y: number) => [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4)];
  return { width, height, at, middle: at(Math.floor(width / 2), Math.floor(height / 2)), data };
}

/** Columns whose pixel in the middle row is red: where a red square is. */
export function redColumns({ width, height, at }: Pixels): number[] {
  const isRed = ([r = 0, g = 0, b = 0]: readonly number[]) => r > 200 && g < 60 && b < 60;
  return Array.from({ length: width }, (_, x) => x).filter((x) => isRed(at(x, Math.floor(height / 2))));
}

/** Whether two files hold the same picture, whatever else they say. */
export async function samePixels(one: Uint8Array, other: Uint8Array): Promise<boolean> {
  const [a, b] = await Promise.all([decode(one), decode(other)]);
  return a.width === b.width && a.data.equals(b.data);
}
