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

type Planes = YuvPicture['planes'];

/**
 * What a decoder gives, copied out: decoders keep few pictures.
 *
 * @returns null where it is not planes of 8 bits.
 */
export async function yuvOf(image: VideoFrame): Promise<YuvPicture | null> {
  const { format, displayWidth: width, displayHeight: height } = image;
  if (format !== 'I420' && format !== 'I444' && format !== 'NV12') return null;
  const half = (edge: number) => (format === 'I444' ? edge : (edge + 1) >> 1);
  const chroma = { width: half(width), height: half(height) };
  const pair = { width: 2 * chroma.width, height: chroma.height };
  const sizes = [{ width, height }, ...(format === 'NV12' ? [pair] : [chroma, chroma])];
  let offset = 0;
  const layout = sizes.map((size) => {
    const at = { offset, stride: size.width };
    offset += size.width * size.height;
    return at;
  });
  const bytes = new Uint8Array(offset);
  await image.copyTo(bytes, { layout });
  const plane = (i: number): Plane => {
    const [start, size] = [layout[i]?.offset ?? 0, sizes[i] ?? chroma];
    return { ...size, data: bytes.subarray(start, start + size.width * size.height) };
  };
  const planes: Planes = format === 'NV12' ? [plane(0), ...apart(plane(1))] : [plane(0), plane(1), plane(2)];
  return { width, height, planes };
}

/** Decoders in hardware, and some in software, give both colour differences in one plane, sample by sample. */
function apart({ data, width, height }: Plane): [u: Plane, v: Plane] {
  const [u, v] = [new Uint8Array(data.length / 2), new Uint8Array(data.length / 2)];
  for (let i = 0; i < u.length; i += 1) {
    u[i] = data[2 * i] ?? 0;
    v[i] = data[2 * i + 1] ?? 0;
  }
  const size = { width: width / 2, height };
  return [
    { ...size, data: u },
    { ...size, data: v },
  ];
}
