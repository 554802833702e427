/** Frames drawn in parts, as tasks on several workers would. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Division,
  defaultBitDepth,
  framePart,
  nextSumRange,
  partsPerFrame,
  type RenderSettings,
} from '@kiln/shared';
import type { HostedFile } from '../../src/page-host/page-site.ts';
import { SETTINGS, type TestPage } from './test-page.ts';

export interface DividedOrder {
  readonly division: Division;
  /** Blocks of samples of which a part hands over one sum, at most. @defaultValue as many as can be */
  readonly mostBlocks?: number;
  /** Pages that draw the parts in turns. @defaultValue the page that makes the frame */
  readonly pages?: readonly TestPage[];
}

let names = 0;

/** The frame made of its parts. Its scene is loaded in every page. */
export async function dividedFrame(
  page: TestPage,
  sceneHash: string,
  more: Partial<RenderSettings>,
  { division, mostBlocks = Number.POSITIVE_INFINITY, pages = [page] }: DividedOrder,
) {
  const bitDepth = defaultBitDepth(more.format ?? SETTINGS.format);
  const settings: RenderSettings = { ...SETTINGS, bitDepth, ...more };
  const folder = await mkdtemp(join(tmpdir(), 'kiln-test-parts-'));
  try {
    const inputs = new Map<string, HostedFile>();
    const sums = [];
    for (let index = 0; index < partsPerFrame(division); index += 1) {
      const { region, samples } = framePart(division, settings, index);
      const end = samples.first + samples.count;
      for (let first = samples.first; first < end; ) {
        const range = nextSumRange({ first, count: end - first }, mostBlocks);
        const name = `part-${names++}`;
        const { client, site } = (pages[sums.length % pages.length] ?? page).open;
        const received = site.awaitOutput(name, join(folder, name), 100_000_000);
        const part = { region, samples: range };
        await client.call('piece', { sceneHash, settings, frameNumber: 0, part, output: name });
        const file = received();
        if (!file) throw new Error('the sums did not come');
        inputs.set(name, file);
        sums.push({ ...part, input: name });
        first += range.count;
      }
    }
    const unmount = page.open.site.mountInputs(inputs);
    try {
      return await page.client.call('assemble', { sceneHash, settings, frameNumber: 0, sums });
    } finally {
      unmount();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
