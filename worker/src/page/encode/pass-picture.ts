/**
 * A pass as the pixels of a file that has no layers. Files of 8 and 16 bits hold it from 0 to 1; files of floats hold the
 * values themselves. README says what is what.
 */
import { type BitDepth, IMAGE_FORMATS, type ImageFormat, isLinear, type Pass, SHOWN_MOTION_PX } from '@kiln/shared';
import type { MatteManifests } from '../engine/passes/mattes.ts';
import { PLANES_OF, type PlaneName } from '../engine/passes/planes.ts';
import { BACKGROUND_DEPTH_M } from './exr-layers.ts';
import type { DepthRange, PassFacts } from './messages.ts';
import type { Bytes, Floats } from './statistics.ts';

export interface PassSource {
  /** Top row first, RGBA. */
  readonly planes: ReadonlyMap<PlaneName, Float32Array>;
  readonly mattes: MatteManifests | null;
  readonly depthRange: DepthRange;
  readonly samples: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface PassPicture {
  /** RGBA: bytes for 8 bits, else floats. */
  readonly pixels: Bytes | Floats;
  readonly bitDepth: BitDepth;
  readonly hasAlpha: boolean;
  /** Of what the numbers are; null of a picture's colours. */
  readonly data: { readonly isGrey: boolean } | null;
  /** For the file's description. */
  readonly facts: PassFacts;
}

/** Names in a legend. */
const LEGEND_NAMES = 256;

/** Writes the colour of the pixel whose values begin at `from` into RGB at `to`. */
type Write = (values: Float32Array, from: number, out: Float32Array) => void;

/** @param pass any but the picture. */
export function passPicture(pass: Pass, format: ImageFormat, bitDepth: BitDepth, source: PassSource): PassPicture {
  const isRaw = isLinear(bitDepth);
  // What is measured is worth 16 bits wherever there are so many.
  const isMeasured = pass === 'depth' || pass === 'motion';
  const depth = !isRaw && isMeasured && IMAGE_FORMATS[format].bitDepths.includes(16) ? 16 : bitDepth;
  const layers = PLANES_OF[pass].map((name) => {
    const plane = source.planes.get(name);
    if (!plane) throw new Error(`the plane of the pass ${pass} is missing`);
    return plane;
  });
  const [values] = layers;
  const floats = new Float32Array(source.widthPx * source.heightPx * 4);
  const isMatte = layers.length > 1;
  const write = isMatte ? falseColours(layers) : isRaw ? raw(pass, source) : shown(pass, source.depthRange);
  const rgb = new Float32Array(3);
  for (let i = 0; i < floats.length; i += 4) {
    write(values ?? rgb, values ? i : 0, rgb);
    floats.set(rgb, i);
    floats[i + 3] = pass === 'noisy' ? (values?.[i + 3] ?? 1) : 1;
  }
  return {
    pixels: depth === 8 ? Uint8ClampedArray.from(floats, (value) => value * 255) : clamped(floats, isRaw),
    bitDepth: depth,
    hasAlpha: pass === 'noisy',
    data: isColour(pass) ? null : { isGrey: pass === 'depth' },
    facts: { name: pass, ...(isRaw ? {} : rangeOf(pass, source.depthRange)), ...legendOf(pass, source.mattes) },
  };
}

const isColour = (pass: Pass) => pass !== 'depth' && pass !== 'normal' && pass !== 'motion' && pass !== 'position';

function clamped(floats: Floats, isRaw: boolean): Floats {
  if (!isRaw) for (let i = 0; i < floats.length; i += 1) floats[i] = Math.min(1, Math.max(0, floats[i] ?? 0));
  return floats;
}

const copy: Write = (values, from, out) => {
  for (let channel = 0; channel < 3; channel += 1) out[channel] = values[from + channel] ?? 0;
};

/** The values themselves. */
function raw(pass: Pass, { samples }: PassSource): Write {
  switch (pass) {
    case 'depth':
      return (values, from, out) => out.fill(values[from + 3] ?? BACKGROUND_DEPTH_M);
    case 'samples':
      return (_values, _from, out) => out.fill(samples);
    case 'motion':
      return (values, from, out) => out.set([values[from] ?? 0, values[from + 1] ?? 0, 0]);
    default:
      return copy;
  }
}

/** From 0 to 1. */
function shown(pass: Pass, { nearM, farM }: DepthRange): Write {
  switch (pass) {
    case 'depth':
      return (values, from, out) => out.fill(((values[from + 3] ?? 0) - nearM) / (farM - nearM));
    case 'normal':
      return (values, from, out) => {
        const [x = 0, y = 0, z = 0] = values.subarray(from, from + 3);
        if (x === 0 && y === 0 && z === 0) out.fill(0);
        else out.set([(x + 1) / 2, (y + 1) / 2, (z + 1) / 2]);
      };
    case 'motion':
      return (values, from, out) => {
        for (let axis = 0; axis < 2; axis += 1) out[axis] = 0.5 + (values[from + axis] ?? 0) / (2 * SHOWN_MOTION_PX);
        out[2] = 0;
      };
    default:
      return (values, from, out) => {
        for (let channel = 0; channel < 3; channel += 1) out[channel] = srgb(values[from + channel] ?? 0);
      };
  }
}

/** IEC 61966-2-1. */
const srgb = (light: number) =>
  light <= 0.003_130_8 ? 12.92 * light : 1.055 * Math.min(1, light) ** (1 / 2.4) - 0.055;

function rangeOf(pass: Pass, { nearM, farM }: DepthRange): Pick<PassFacts, 'range'> {
  if (pass === 'depth') return { range: { from: nearM, to: farM, unit: 'm' } };
  if (pass === 'motion') return { range: { from: -SHOWN_MOTION_PX, to: SHOWN_MOTION_PX, unit: 'px' } };
  return pass === 'normal' ? { range: { from: -1, to: 1, unit: '' } } : {};
}

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

/** The colours of all ids in a pixel, as much as each covers of it. */
const falseColours = (layers: readonly Float32Array[]): Write => {
  const colour = new Float32Array(3);
  return (_values, from, out) => {
    out.fill(0);
    for (const layer of layers) {
      for (const at of [from, from + 2]) {
        const coverage = layer[at + 1] ?? 0;
        if (coverage === 0) return;
        word[0] = layer[at] ?? 0;
        colourOf(bits[0] ?? 0, colour);
        for (let channel = 0; channel < 3; channel += 1) {
          out[channel] = (out[channel] ?? 0) + coverage * (colour[channel] ?? 0);
        }
      }
    }
  };
};

/** Of red, green and blue around the circle of hues. */
const SECTORS = [5, 3, 1] as const;

/** A colour for an id: its hue, saturation and brightness from different bits. */
function colourOf(id: number, out: Float32Array): void {
  const hue = (id & 0xffff) / 0x1_0000;
  const saturation = 0.5 + 0.4 * (((id >>> 16) & 0x3f) / 0x3f);
  const value = 0.7 + 0.3 * (((id >>> 8) & 0x3f) / 0x3f);
  for (const [channel, offset] of SECTORS.entries()) {
    const sector = (hue * 6 + offset) % 6;
    out[channel] = value * (1 - saturation * Math.max(0, Math.min(sector, 4 - sector, 1)));
  }
}

function legendOf(pass: Pass, mattes: MatteManifests | null): Pick<PassFacts, 'legend'> {
  if (!mattes || (pass !== 'crypto-object' && pass !== 'crypto-material')) return {};
  const names = Object.entries(pass === 'crypto-object' ? mattes.object : mattes.material).slice(0, LEGEND_NAMES);
  const rgb = new Float32Array(3);
  const legend = names.map(([name, id]) => {
    colourOf(Number.parseInt(id, 16), rgb);
    const digits = Array.from(rgb, (level) =>
      Math.round(level * 255)
        .toString(16)
        .padStart(2, '0'),
    );
    return [name, `#${digits.join('')}`] as const;
  });
  return { legend: Object.fromEntries(legend) };
}
