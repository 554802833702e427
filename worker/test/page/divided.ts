/** Frames drawn in parts, as tasks on several workers would. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Division,
  defaultBitDepth,
  framePart,
  type GridPlan,
  nextRange,
  partsPerFrame,
  type RenderSettings,
  windowOf,
} from '@kiln/shared';
import type { FrameOutcome, SumsInput } from '../../src/page/contract.ts';
import type { HostedFile } from '../../src/page-host/page-site.ts';
import { SETTINGS, type TestPage } from './test-page.ts';

export interface DividedOrder {
  readonly division: Division;
  /** Time of drawing after which a part hands over what it has. @defaultValue 0, all of it at once */
  readonly checkpointMs?: number;
  /** How long what is not drawn here was drawn before. @defaultValue 0 */
  readonly drawnMs?: number;
  /** Of a frame that targets and buffers are taken not to hold. @defaultValue drawn in targets of its size */
  readonly plan?: GridPlan;
  /** Pages that draw the parts in turns. @defaultValue the page that makes the frame */
  readonly pages?: readonly TestPage[];
}

let names = 0;

/** The frame made of its parts. Its scene is loaded in every page. */
export async function dividedFrame(
  page: TestPage,
  sceneHash: string,
  more: Partial<RenderSettings>,
  { division, checkpointMs = 0, drawnMs: drawnBeforeMs = 0, plan, pages = [page] }: DividedOrder,
): Promise<{ readonly result: FrameOutcome; readonly bytes: Buffer; readonly preview?: Uint8Array }> {
  const bitDepth = defaultBitDepth(more.format ?? SETTINGS.format);
  const settings: RenderSettings = { ...SETTINGS, bitDepth, ...more };
  const folder = await mkdtemp(join(tmpdir(), 'kiln-test-parts-'));
  try {
    const inputs = new Map<string, HostedFile>();
    const sums: SumsInput[] = [];
    for (let index = 0; index < partsPerFrame(division); index += 1) {
      const { region, samples } = framePart(division, settings, index);
      const end = samples.first + samples.count;
      let drawnMs = drawnBeforeMs;
      for (let first = samples.first; first < end; ) {
        const range = nextRange({ first, count: end - first }, settings);
        const name = `part-${names++}`;
        const { client, site } = (pages[sums.length % pages.length] ?? page).open;
        const received = site.awaitOutput(name, join(folder, name), 100_000_000);
        const part = { region, samples: range };
        const window = plan ? windowOf(settings, region, plan) : null;
        const seen = window ? { window } : {};
        const order = { sceneHash, settings, frameNumber: 0, part, ...seen, checkpointMs, output: name };
        // Nothing of it is in the page: what is stored may have been drawn by another.
        const unmountBefore = site.mountInputs(inputs);
        const before = { sums, drawnMs };
        const { result } = await client.call('piece', { ...order, before }).finally(unmountBefore);
        const { samples: drawn, endedBy, noise } = result;
        drawnMs += result.drawnMs;
        const file = received();
        if (!file) throw new Error('the sums did not come');
        inputs.set(name, file);
        const ending = { ...(endedBy && { endedBy }), ...(noise !== undefined && { noise }) };
        const by = result.draw.backend && { backend: result.draw.backend };
        sums.push({ region, samples: drawn, ...ending, ...by, input: name });
        first = endedBy ? end : first + drawn.count;
      }
    }
    const unmount = page.open.site.mountInputs(inputs);
    try {
      if (!plan) return await page.client.call('assemble', { sceneHash, settings, frameNumber: 0, sums });
      const output = `frame-${names++}`;
      const path = join(folder, output);
      const parts = page.open.site.awaitParts(output, path, 1_000_000_000);
      const order = { sceneHash, settings, frameNumber: 0, sums, output, inStrips: true };
      const { result, bytes: preview } = await page.client.call('assemble', order);
      const file = await parts.finish();
      if (!file) throw new Error('the frame did not come');
      return { result: { ...result, sha256: file.sha256 }, bytes: await readFile(path), preview };
    } finally {
      unmount();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
