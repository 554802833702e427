/** Frames drawn in parts, as tasks on several workers would. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Division,
  defaultBitDepth,
  type FramePart,
  framePart,
  nextSumRange,
  partsPerFrame,
  type RenderSettings,
} from '@kiln/shared';
import type { HostedFile } from '../../src/page-host/page-site.ts';
import { SETTINGS, type TestPage } from './test-page.ts';

export interface DividedOrder {
  readonly division: Division;
  /** Time of drawing after which a part hands over what it has. @defaultValue 0, all of it at once */
  readonly checkpointMs?: number;
  /** Pages that draw the parts in turns. @defaultValue the page that makes the frame */
  readonly pages?: readonly TestPage[];
}

let names = 0;

/** The frame made of its parts. Its scene is loaded in every page. */
export async function dividedFrame(
  page: TestPage,
  sceneHash: string,
  more: Partial<RenderSettings>,
  { division, checkpointMs = 0, pages = [page] }: DividedOrder,
) {
  const bitDepth = defaultBitDepth(more.format ?? SETTINGS.format);
  const settings: RenderSettings = { ...SETTINGS, bitDepth, ...more };
  const folder = await mkdtemp(join(tmpdir(), 'kiln-test-parts-'));
  try {
    const inputs = new Map<string, HostedFile>();
    const sums: (FramePart & { readonly input: string })[] = [];
    for (let index = 0; index < partsPerFrame(division); index += 1) {
      const { region, samples } = framePart(division, settings, index);
      const end = samples.first + samples.count;
      for (let first = samples.first; first < end; ) {
        const range = nextSumRange({ first, count: end - first });
        const name = `part-${names++}`;
        const { client, site } = (pages[sums.length % pages.length] ?? page).open;
        const received = site.awaitOutput(name, join(folder, name), 100_000_000);
        const part = { region, samples: range };
        const order = { sceneHash, settings, frameNumber: 0, part, checkpointMs, output: name };
        const { samples: drawn } = (await client.call('piece', order)).result;
        const file = received();
        if (!file) throw new Error('the sums did not come');
        inputs.set(name, file);
        sums.push({ region, samples: drawn, input: name });
        first += drawn.count;
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
