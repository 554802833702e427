import { describe, expect, it } from 'vitest';
import {
  ENGINE_ABILITIES,
  ENGINE_FEATURES,
  enginesWith,
  interfacesWith,
  isDrawnWithout,
  isRefused,
} from '../src/engine-features.ts';
import { table } from './markdown-table.ts';

const columnsOf = (row: (typeof ENGINE_FEATURES)[number]) =>
  ENGINE_ABILITIES.map(({ engine, backend }) => row[engine][backend]);

/** ENGINES.md: written from the table by `npx vitest run shared/test/engine-features.test.ts -u`. */
function enginesPage(): string {
  const abilities = ENGINE_ABILITIES.map(({ engine, backend }) => [`\`${engine}\``, `\`${backend}\``]);
  const heads = ENGINE_ABILITIES.map(({ engine, backend }) => `${engine} ${backend}`);
  const features = ENGINE_FEATURES.map((row) => [row.feature, ...columnsOf(row), row.note ?? '']);
  return [
    '# Engines',
    '',
    'Made from the tables in `src/engine-features.ts`, which `kiln doctor --json` prints, too. A job names its engine',
    '(`--engine raster` or `--engine pathtrace`) and may name the graphics interface (`--backend`); what no worker can do is',
    'refused when the job is submitted.',
    '',
    ...table(['engine', 'draws with'], abilities),
    '',
    'Every worker draws with WebGL. One draws with WebGPU, too, where its browser has an adapter that can add 32-bit floats, in',
    'software if there is no other. What `auto` is it settles when it starts, for each engine and for as long as it runs: WebGL,',
    'unless its probe has WebGPU on a GPU draw the canary more than twice as fast, or WebGL draw it wrong. A job that asks for what',
    'only the other has gets that. `kiln doctor` and `kiln workers --json` (`autoBackends`) show the choice, `kiln job` shows what',
    'drew each frame, and workers that chose differently are of different adapter classes. Both interfaces give the same picture but for rounding, the filtering of textures, the',
    'softness of raster’s shadows, the noise of path tracing, and what the table says; the parts of a frame are never mixed. For',
    'the first path-traced frame of a browser WebGPU compiles the tracer, in software for half a minute or longer.',
    '',
    '_Yes_: drawn as the file says. _Partly_: something that comes near, or the scene without it, as noted. _No_: a job that needs',
    'it is refused.',
    '',
    ...table(['what', ...heads, 'note'], features),
    '',
  ].join('\n');
}

describe('the table of engines', () => {
  it('is what ENGINES.md shows', async () => {
    await expect(enginesPage()).toMatchFileSnapshot('../ENGINES.md');
  });

  it('names each feature once, and says why where an engine falls short', () => {
    for (const key of ['id', 'feature'] as const)
      expect(new Set(ENGINE_FEATURES.map((row) => row[key])).size).toBe(ENGINE_FEATURES.length);
    for (const row of ENGINE_FEATURES) {
      expect(columnsOf(row), row.feature).toContain('yes');
      if (columnsOf(row).some((support) => support !== 'yes')) expect(row.note, row.feature).toMatch(/./);
    }
  });

  // What settings ask for, a worker chooses the interface by; what a scene has, it does not know before.
  it('has what a scene may be refused for refused with both interfaces of an engine, or with none', () => {
    for (const id of ['points-and-lines', 'instance-colours', 'two-texture-coordinates'] as const)
      for (const engine of ['raster', 'pathtrace'] as const)
        expect(isRefused(id, engine, 'webgl'), id).toBe(isRefused(id, engine, 'webgpu'));
  });

  it('says what is refused and what is left out, for the interface that is asked for', () => {
    const catcher = (backend: 'auto' | 'webgl' | 'webgpu') => isRefused('shadow-catcher', 'pathtrace', backend);
    expect([catcher('auto'), catcher('webgl'), catcher('webgpu')]).toEqual([false, false, true]);
    expect(interfacesWith('shadow-catcher', 'pathtrace')).toEqual(['webgl']);
    expect(isRefused('denoiser', 'raster', 'auto')).toBe(true);
    expect(enginesWith('denoiser')).toEqual(['pathtrace']);
    const dispersion = (backend: 'auto' | 'webgl' | 'webgpu') => isDrawnWithout('dispersion', 'pathtrace', backend);
    expect([dispersion('auto'), dispersion('webgl'), dispersion('webgpu')]).toEqual([true, true, false]);
    expect(isDrawnWithout('shadows', 'raster', 'webgl')).toBe(false);
  });
});
