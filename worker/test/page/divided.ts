/** Frames drawn in parts, as tasks on several workers would. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Division,
  defaultBitDepth,
  endsWithinBlock,
  framePart,
  type GridPlan,
  mostSums,
  nextRange,
  partsPerFrame,
  type RenderSettings,
  type SampleRange,
  windowOf,
} from '@kiln/shared';
import { type FrameOutcome, type PieceOutcome, type SumsInput, sumsOutput } from '../../src/page/contract.ts';
import type { HostedFile } from '../../src/page-host/page-site.ts';
import { SETTINGS, type TestPage } from './test-page.ts';

export interface DividedOrder {
  readonly division: Division;
  /** Time of drawing after which a part hands over what it has. @defaultValue 0, all of it at once */
  readonly checkpointMs?: number;
  /** Samples after which something more urgent waits, again and again. @defaultValue never */
  readonly wantedAfter?: number;
  /** Hears of each range of samples whose sums were handed over. */
  readonly onRange?: (samples: SampleRange) => void;
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
  { division, checkpointMs = 0, wantedAfter, onRange, drawnMs: drawnBeforeMs = 0, plan, pages = [page] }: DividedOrder,
): Promise<{ readonly result: FrameOutcome; readonly bytes: Buffer; readonly preview?: Uint8Array }> {
  const bitDepth = defaultBitDepth(more.format ?? SETTINGS.format);
  const settings: RenderSettings = { ...SETTINGS, bitDepth, ...more };
  const folder = await mkdtemp(join(tmpdir(), 'kiln-test-parts-'));
  try {
    const inputs = new Map<string, HostedFile>();
    const sums: SumsInput[] = [];
    let calls = 0;
    for (let index = 0; index < partsPerFrame(division); index += 1) {
      const { region, samples } = framePart(division, settings, index);
      const end = samples.first + samples.count;
      let drawnMs = drawnBeforeMs;
      let begun: SumsInput | null = null;
      for (let first = samples.first; first < end; ) {
        const range = nextRange({ first, count: end - first }, settings);
        const output = `part-${names++}`;
        const { client, site } = (pages[calls++ % pages.length] ?? page).open;
        const files = Array.from({ length: mostSums(range) }, (_, place) => {
          const name = sumsOutput(output, place);
          return { name, received: site.awaitOutput(name, join(folder, name), 100_000_000) };
        });
        const part = { region, samples: range };
        const window = plan ? windowOf(settings, region, plan) : null;
        const seen = { ...(window && { window }), ...(begun && { begun }) };
        const order = { sceneHash, settings, frameNumber: 0, part, ...seen, checkpointMs, output };
        // Nothing of it is in the page: what is stored may have been drawn by another.
        const unmountBefore = site.mountInputs(inputs);
        const before = { sums, drawnMs };
        const wanted = new AbortController();
        if (wantedAfter === 0) wanted.abort();
        const stored: number = begun ? begun.samples.count : 0;
        const onProgress = (fraction: number) => {
          if (fraction * range.count >= stored + (wantedAfter ?? Number.POSITIVE_INFINITY)) wanted.abort();
        };
        const hooks = { onProgress, wanted: wanted.signal };
        const { result }: { result: PieceOutcome } = await client
          .call('piece', { ...order, before }, hooks)
          .finally(unmountBefore);
        const { ranges, endedBy } = result;
        drawnMs += result.drawnMs;
        begun = null;
        for (const [place, { samples: drawn, noise }] of ranges.entries()) {
          const { name, received } = files[place] ?? {};
          const file = received?.();
          if (!file || name === undefined) throw new Error('the sums did not come');
          inputs.set(name, file);
          const isNewest = place === ranges.length - 1;
          const ending = { ...(isNewest && endedBy && { endedBy }), ...(noise !== undefined && { noise }) };
          const by = result.draw.backend && { backend: result.draw.backend };
          const input: SumsInput = { region, samples: drawn, ...ending, ...by, input: name };
          onRange?.(drawn);
          first = drawn.first + drawn.count;
          if (endedBy === undefined && endsWithinBlock(drawn) && first < end) begun = input;
          else sums.push(input);
        }
        if (begun) first = begun.samples.first;
        if (endedBy) first = end;
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
