/** 8 bits a sample, row after row without gaps, top row first. */
export interface Plane {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Luma and the two colour differences of JFIF: ITU-R BT.601, full range, colour samples in the middle of theirs. */
export interface YuvPicture {
  readonly width: number;
  readonly height: number;
  readonly planes: readonly [y: Plane, u: Plane, v: Plane];
}

/**
 * What a decoder gives, copied out: decoders keep few pictures.
 *
 * @returns null where it is not planes of 8 bits.
 */
export async function yuvOf(image: VideoFrame): Promise<YuvPicture | null> {
  const { format, displayWidth: width, displayHeight: height } = image;
  if (format !== 'I420' && format !== 'I444') return null;
  const half = (edge: number) => (format === 'I420' ? (edge + 1) >> 1 : edge);
  const chroma = { width: half(width), height: half(height) };
  const sizes = [{ width, height }, chroma, chroma] as const;
  let offset = 0;
  const layout = sizes.map((size) => {
    const at = { offset, stride: size.width };
    offset += size.width * size.height;
    return at;
  });
  const bytes = new Uint8Array(offset);
  await image.copyTo(bytes, { layout });
  const plane = (i: 0 | 1 | 2): Plane => {
    const start = layout[i]?.offset ?? 0;
    const size = sizes[i];
    return { ...size, data: bytes.subarray(start, start + size.width * size.height) };
  };
  return { width, height, planes: [plane(0), plane(1), plane(2)] };
}
