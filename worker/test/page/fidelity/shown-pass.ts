/** What a pass of an OpenEXR holds, as a picture that people can look at and a PNG can keep. */
import type { Pass } from '@kiln/shared';
import { type ExrFile, readExrFile } from '../exr-file.ts';
import type { Pixels } from '../pixels.ts';

type Shown = (value: (channel: string) => number) => readonly [red: number, green: number, blue: number];

const unit = (value: number) => Math.round(Math.min(1, Math.max(0, value)) * 255);
const display = (light: number) => unit(light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055);
const grey = (level: number) => [level, level, level] as const;

/** Metres that depth is shown over. */
const DEEPEST_M = 8;
const SAMPLES = 64;
/** Pixels that are shown as all levels: half to either side. */
const MOTION_PX = 16;

const light =
  (layer: string): Shown =>
  (value) => [display(value(`${layer}R`)), display(value(`${layer}G`)), display(value(`${layer}B`))];

/** Three bytes of the id that covers the most, darker where it covers less. */
const matte =
  (layer: string): Shown =>
  (value) => {
    const bits = Buffer.alloc(4);
    bits.writeFloatBE(value(`${layer}.R`));
    const part = (index: number) => Math.round((bits[index] ?? 0) * value(`${layer}.G`));
    return [part(1), part(2), part(3)];
  };

const SHOWN: Readonly<Partial<Record<Pass, Shown>>> = {
  beauty: light(''),
  noisy: light('noisy.'),
  depth: (value) => grey(unit(1 - value('depth.Z') / DEEPEST_M)),
  normal: (value) => [
    unit(value('normal.X') / 2 + 0.5),
    unit(value('normal.Y') / 2 + 0.5),
    unit(value('normal.Z') / 2 + 0.5),
  ],
  position: (value) => [
    unit(value('position.X') / 4 + 0.5),
    unit(value('position.Y') / 4 + 0.5),
    unit(value('position.Z') / 4 + 0.5),
  ],
  albedo: light('albedo.'),
  emission: light('emission.'),
  motion: (value) => [unit(value('motion.X') / MOTION_PX + 0.5), unit(value('motion.Y') / MOTION_PX + 0.5), unit(0.5)],
  samples: (value) => grey(unit(value('samples.Y') / SAMPLES)),
  'crypto-object': matte('CryptoObject00'),
  'crypto-material': matte('CryptoMaterial00'),
};

export function shownPass(bytes: Uint8Array, pass: Pass, width: number, height: number): Pixels {
  const file: ExrFile = readExrFile(bytes);
  const shown = SHOWN[pass];
  if (!shown) throw new Error(`the pass ${pass} has no picture to be shown as`);
  const data = Buffer.alloc(width * height * 4, 255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      data.set(
        shown((channel) => file.value(channel, x, y)),
        (y * width + x) * 4,
      );
    }
  }
  const at = (x: number, y: number) => [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4)];
  return { width, height, data, at, middle: at(width >> 1, height >> 1) };
}
