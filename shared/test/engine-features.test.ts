import { describe, expect, it } from 'vitest';
import { ENGINE_ABILITIES, ENGINE_FEATURES } from '../src/engine-features.ts';
import { table } from './markdown-table.ts';

/** ENGINES.md: written from the table by `npx vitest run shared/test/engine-features.test.ts -u`. */
function enginesPage(): string {
  const abilities = ENGINE_ABILITIES.map(({ engine, backend }) => [`\`${engine}\``, `\`${backend}\``]);
  const features = ENGINE_FEATURES.map(({ feature, raster, pathtrace, note = '' }) => [
    feature,
    raster,
    pathtrace,
    note,
  ]);
  return [
    '# Engines',
    '',
    'Made from the tables in `src/engine-features.ts`. A job names its engine (`--engine raster` or `--engine pathtrace`) and',
    'may name the graphics interface (`--backend`); what no worker can do is refused when the job is submitted.',
    '',
    ...table(['engine', 'draws with'], abilities),
    '',
    'Every worker draws with WebGL, and `auto` is that. A worker draws with WebGPU where its browser has an adapter that can add',
    '32-bit floats, in software if there is no other: `kiln workers` shows it. Both give the same picture but for rounding, the',
    'filtering of textures, the softness of raster’s shadows and the noise of path tracing; a job’s frames are never mixed. For',
    'the first path-traced frame of a browser WebGPU compiles the tracer, in software for half a minute or longer.',
    '',
    '_Yes_: drawn as the file says. _Approximate_: something that comes near. _No_: refused, or without effect, as noted.',
    '',
    ...table(['what', 'raster', 'pathtrace', 'note'], features),
    '',
  ].join('\n');
}

describe('the table of engines', () => {
  it('is what ENGINES.md shows', async () => {
    await expect(enginesPage()).toMatchFileSnapshot('../ENGINES.md');
  });

  it('names each feature once, and says why where an engine falls short', () => {
    expect(new Set(ENGINE_FEATURES.map(({ feature }) => feature)).size).toBe(ENGINE_FEATURES.length);
    for (const { feature, raster, pathtrace, note } of ENGINE_FEATURES) {
      expect([raster, pathtrace], feature).toContain('yes');
      if ([raster, pathtrace].includes('approximate')) expect(note, feature).toMatch(/./);
    }
  });
});
