/**
 * `npm run goldens [-- NAME…]`: draws the rows of the fidelity table and says how far each is from its golden picture.
 * Writes those that are missing, and those that are named.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestPage } from '../test-page.ts';
import { difference, likeness } from './compare.ts';
import { drawScenario, SHARED_SCENES } from './draw-scenario.ts';
import { GOLDENS, goldenPath, pngOf, readGolden } from './goldens.ts';
import { SCENARIOS } from './scenarios.ts';

const named = process.argv.slice(2);
const unknown = named.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
if (unknown.length > 0) {
  console.error(`The table has no ${unknown.join(', ')}. It has:\n  ${SCENARIOS.map(({ name }) => name).join('\n  ')}`);
  process.exit(2);
}

await mkdir(GOLDENS, { recursive: true });
for (const file of await readdir(GOLDENS)) {
  if (SCENARIOS.some(({ name }) => file === `${name}.png`)) continue;
  await rm(join(GOLDENS, file));
  console.log(`${file}: removed, the table does not have it`);
}
const page = await TestPage.start({ webgpu: true });
try {
  for (const scenario of SCENARIOS) {
    const { name, scene, bounds } = scenario;
    if (named.length > 0 && !named.includes(name)) continue;
    if (typeof scene === 'string' && !existsSync(SHARED_SCENES)) {
      console.log(`${name}: left alone, there is no ${SHARED_SCENES}`);
      continue;
    }
    const startedAt = performance.now();
    const pixels = await drawScenario(page, scenario);
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    const golden = await readGolden(scenario);
    const sameSize = golden && golden.width === pixels.width && golden.height === pixels.height;
    const found = sameSize ? likeness(pixels, golden) : null;
    const figures = found ? `SSIM ${found.ssim.toFixed(4)}, mean error ${found.meanError.toFixed(2)}` : 'new';
    const isMissed = found !== null && difference(found, bounds) !== null;
    const isWritten = !found || named.includes(name);
    if (isWritten) await writeFile(goldenPath(scenario), await pngOf(pixels));
    const verdict = isWritten ? 'written' : isMissed ? 'MISSED' : 'kept';
    console.log(`${name}: ${figures}, ${seconds} s, ${verdict}`);
  }
} finally {
  await page.close();
}
const sizes = await Promise.all((await readdir(GOLDENS)).map(async (file) => (await stat(join(GOLDENS, file))).size));
console.log(`${sizes.length} goldens, ${Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1_000)} kB`);
