/** The golden pictures, and what is left to look at when one is missed. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { decode, type Pixels } from '../pixels.ts';
import { difference, likeness } from './compare.ts';
import type { Scenario } from './scenarios.ts';

export const GOLDENS = fileURLToPath(new URL('./goldens', import.meta.url));
/** Not kept by git. */
const MISSED = fileURLToPath(new URL('../../../out/fidelity', import.meta.url));
/** What a level's difference is shown as. */
const DIFFERENCE_GAIN = 8;

export const goldenPath = ({ name }: Pick<Scenario, 'name'>): string => join(GOLDENS, `${name}.png`);

/** Null when there is none. */
export async function readGolden(scenario: Pick<Scenario, 'name'>): Promise<Pixels | null> {
  const bytes = await readFile(goldenPath(scenario)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return bytes && decode(bytes);
}

export async function pngOf({ data, width, height }: Pixels): Promise<Buffer> {
  const picture = sharp(data, { raw: { width, height, channels: 4 } });
  const isOpaque = data.every((level, index) => index % 4 !== 3 || level === 255);
  return (isOpaque ? picture.removeAlpha() : picture).png({ compressionLevel: 9 }).toBuffer();
}

/** @throws Error when the picture is not the golden one: by how much, and where both and their difference are now. */
export async function expectGolden(scenario: Scenario, actual: Pixels): Promise<void> {
  const golden = await readGolden(scenario);
  if (!golden) throw new Error(`there is no ${goldenPath(scenario)}; make it: npm run goldens -- ${scenario.name}`);
  const found = difference(likeness(actual, golden), scenario.bounds);
  if (found === null) return;
  await mkdir(MISSED, { recursive: true });
  const levels = actual.data.map((level, index) =>
    index % 4 === 3 ? 255 : DIFFERENCE_GAIN * Math.abs(level - (golden.data[index] ?? 0)),
  );
  const differing = { ...actual, data: Buffer.from(Uint8ClampedArray.from(levels)) };
  const files = { actual, golden, diff: differing };
  for (const [kind, pixels] of Object.entries(files)) {
    await writeFile(join(MISSED, `${scenario.name}.${kind}.png`), await pngOf(pixels));
  }
  throw new Error(
    `${scenario.name}: ${found}. See ${join(MISSED, scenario.name)}.{actual,golden,diff}.png; if it is meant so: npm run goldens -- ${scenario.name}`,
  );
}
