/** What the header of an HDR or EXR says, read with every length checked, before anything is decoded. */
import { type ErrorCode, KilnError } from '../errors.ts';
import { LIMITS } from '../limits.ts';

/** CIE xy of red, green, blue and white. */
export type Chromaticities = readonly [number, number, number, number, number, number, number, number];

export interface PanoramaHeader {
  readonly format: 'hdr' | 'exr';
  readonly widthPx: number;
  readonly heightPx: number;
  /** In words, for the report. */
  readonly coding: string;
  /** Null where it says none: Rec. 709. */
  readonly chromaticities: Chromaticities | null;
}

/** Bytes that a header may have. */
export const PANORAMA_HEADER_BYTES = 65_536;

const EXR_MAGIC = [0x76, 0x2f, 0x31, 0x01];
/** By number, as the format's specification has them; those that are read here. */
const COMPRESSIONS = ['none', 'RLE', 'ZIPS', 'ZIP', 'PIZ', 'PXR24', 'B44', 'B44A', 'DWAA', 'DWAB'];
const CHANNEL_TYPES = ['uint', 'half', 'float'];

const refuse = (code: ErrorCode, message: string, path: string) => new KilnError(code, message, { field: path });

/**
 * @param bytes of the file, or the first `PANORAMA_HEADER_BYTES` of them.
 * @param path of the file, for messages.
 * @throws KilnError `scene.unsupported_format` for a file that is neither, or in a kind that is not read;
 *   `scene.bad_container` for a damaged header; `scene.texture_too_large`, `scene.invalid` for a size or shape that is
 *   none of a panorama.
 */
export function panoramaHeader(bytes: Uint8Array, path: string): PanoramaHeader {
  const header = readHeader(bytes, path);
  const { widthPx, heightPx } = header;
  const most = LIMITS.environmentEdgePx;
  if (widthPx > most) {
    const size = `${widthPx} × ${heightPx}`;
    const limit = `an environment has at most ${most} × ${most / 2} pixels`;
    throw refuse('scene.texture_too_large', `${path} is ${size}: ${limit}. Make it smaller.`, path);
  }
  if (widthPx !== heightPx * 2) {
    const is = `${path} is ${widthPx} × ${heightPx}`;
    throw refuse('scene.invalid', `${is}: an equirectangular panorama is twice as wide as high.`, path);
  }
  return header;
}

function readHeader(bytes: Uint8Array, path: string): PanoramaHeader {
  if (EXR_MAGIC.every((byte, i) => bytes[i] === byte)) return new ExrHeader(bytes, path).read();
  if (bytes[0] === 0x23 && bytes[1] === 0x3f) return hdrHeader(bytes, path);
  throw refuse('scene.unsupported_format', `${path} is neither Radiance HDR nor OpenEXR: export it as one.`, path);
}

const latin1 = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

function hdrHeader(bytes: Uint8Array, path: string): PanoramaHeader {
  const text = latin1(bytes.subarray(0, PANORAMA_HEADER_BYTES));
  if (!/^FORMAT=32-bit_rle_rgbe\s*$/m.test(text)) {
    throw refuse('scene.unsupported_format', `${path} has no colours in RGBE: export it as Radiance RGBE.`, path);
  }
  const [, heightPx, widthPx] = /\n-Y (\d{1,9}) \+X (\d{1,9})\n/.exec(text) ?? [];
  if (heightPx === undefined) {
    const why = 'its header does not say its size as "-Y height +X width"';
    throw refuse('scene.bad_container', `${path} cannot be read: ${why}. Export it again.`, path);
  }
  const [, primaries = ''] = /^PRIMARIES=(.*)$/m.exec(text) ?? [];
  const chromaticities = chromaticitiesOf(primaries.trim().split(/\s+/).map(Number));
  return { format: 'hdr', widthPx: Number(widthPx), heightPx: Number(heightPx), coding: 'RGBE', chromaticities };
}

function chromaticitiesOf(numbers: readonly number[]): Chromaticities | null {
  const [rx, ry, gx, gy, bx, by, wx, wy, ...more] = numbers;
  if (wy === undefined || more.length > 0 || !numbers.every(Number.isFinite)) return null;
  return [rx ?? 0, ry ?? 0, gx ?? 0, gy ?? 0, bx ?? 0, by ?? 0, wx ?? 0, wy];
}

class ExrHeader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #path: string;
  #at = 8;

  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = bytes.subarray(0, PANORAMA_HEADER_BYTES);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
    this.#path = path;
  }

  read(): PanoramaHeader {
    if (this.#bytes.length < 8) throw this.#damaged('it ends in its header');
    const flags = this.#view.getUint32(4, true);
    if (flags & 0x800) throw this.#unsupported('holds deep data');
    if (flags & 0x1000) throw this.#unsupported('has several parts');
    let [compression, channels] = ['', ''];
    let chromaticities: Chromaticities | null = null;
    let size: { widthPx: number; heightPx: number } | null = null;
    for (let name = this.#text(); name !== ''; name = this.#text()) {
      const type = this.#text();
      const length = this.#int();
      const end = this.#at + length;
      if (length < 0 || end > this.#bytes.length) throw this.#damaged(`its attribute "${name}" is longer than it`);
      if (name === 'compression' && type === 'compression') compression = this.#compression();
      if (name === 'channels' && type === 'chlist') channels = this.#channels(end);
      if (name === 'chromaticities' && type === 'chromaticities' && length === 32) {
        chromaticities = chromaticitiesOf(Array.from({ length: 8 }, () => this.#float()));
      }
      if (name === 'dataWindow' && type === 'box2i' && length === 16) size = this.#window();
      this.#at = end;
    }
    // The decoder of three takes its blocks for those of scan lines.
    if (flags & 0x200 && compression === 'DWAA') throw this.#unsupported('is DWAA in tiles');
    if (!size || compression === '' || channels === '') throw this.#damaged('its header is incomplete');
    return { format: 'exr', ...size, coding: `${channels}, ${compression}`, chromaticities };
  }

  #compression(): string {
    const number = this.#bytes[this.#at] ?? -1;
    const name = COMPRESSIONS[number];
    if (name === undefined) {
      throw this.#unsupported(`is compressed in a way (${number}) that is none of ${COMPRESSIONS.join(', ')}`);
    }
    return name;
  }

  #channels(end: number): string {
    const types = new Map<string, string>();
    while (this.#at < end - 1) {
      const name = this.#text();
      types.set(name, CHANNEL_TYPES[this.#int()] ?? '');
      this.#at += 12;
    }
    const used = ['R', 'G', 'B'].every((name) => types.has(name)) ? ['R', 'G', 'B'] : ['Y'];
    const kinds = new Set(used.map((name) => types.get(name)));
    const [kind] = kinds;
    if (kind === undefined) throw this.#unsupported('has neither channels R, G, B nor Y');
    if (kinds.size > 1 || (kind !== 'half' && kind !== 'float')) {
      throw this.#unsupported('has channels that are not all half or all float');
    }
    return kind;
  }

  #window() {
    const [left = 0, top = 0, right = 0, bottom = 0] = [this.#int(), this.#int(), this.#int(), this.#int()];
    const [widthPx, heightPx] = [right - left + 1, bottom - top + 1];
    if (widthPx < 1 || heightPx < 1) throw this.#damaged('its data window is empty');
    return { widthPx, heightPx };
  }

  #int(): number {
    if (this.#at + 4 > this.#bytes.length) throw this.#damaged('it ends in its header');
    this.#at += 4;
    return this.#view.getInt32(this.#at - 4, true);
  }

  #float(): number {
    this.#int();
    return this.#view.getFloat32(this.#at - 4, true);
  }

  #text(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0 || end - this.#at > 255) throw this.#damaged('a name in its header has no end');
    const text = latin1(this.#bytes.subarray(this.#at, end));
    this.#at = end + 1;
    return text;
  }

  #damaged = (why: string) =>
    refuse('scene.bad_container', `${this.#path} cannot be read as OpenEXR: ${why}. Export it again.`, this.#path);

  #unsupported = (why: string) =>
    refuse(
      'scene.unsupported_format',
      `${this.#path} ${why}, which is not read: export it as one picture of half or float, ZIP or PIZ.`,
      this.#path,
    );
}
