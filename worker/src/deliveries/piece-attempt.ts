/**
 * A part of a frame: its samples are drawn in ranges whose sums add up as those of a whole frame do. What takes long is
 * stored range by range, so that whoever comes after goes on from there, and gives its slot to others in between. What
 * something more urgent waits for ends with its next sample: when that takes the slot, the attempt ends there.
 */
import { rm } from 'node:fs/promises';
import {
  type Assignment,
  endsWithinBlock,
  KilnError,
  MAX_SUMS_BYTES,
  nextRange,
  type SampleRange,
  windowOf,
} from '@kiln/shared';
import type { PieceOutcome } from '../page/contract.ts';
import type { SumsFile, SumsOfRange } from '../pool/page-orders.ts';
import type { ScenePage } from '../pool/scene-page.ts';
import { outputIn, withFolder } from './attempt-folder.ts';
import { chosenBackend } from './chosen-backend.ts';
import { abandonUnwanted, drawingTurn } from './drawing-turn.ts';
import { fetchSums } from './fetch-sums.ts';
import { type Preparation, withScenePage } from './scene-page-attempt.ts';
import type { AttemptContext } from './work-parts.ts';

export type PieceWork = Extract<Assignment['work'], { kind: 'piece' }>;

/** @throws KilnError why the part was not drawn or not taken */
export async function runPiece(assignment: Assignment, work: PieceWork, context: AttemptContext): Promise<void> {
  await withScenePage(assignment, work, context, (page, load) =>
    withFolder(context, 'piece', async (folder) => {
      const preparation = await load();
      let leftMs = assignment.timeoutMs;
      const { first, count } = work.part.samples;
      const end = first + count;
      const before = await storedBefore(work, folder, context);
      let begun = work.begun ? await fetchSums(work.begun, folder, context) : null;
      for (let at = first; at < end; ) {
        const samples = nextRange({ first: at, count: end - at }, work.settings);
        if (leftMs <= 0) throw new KilnError('render.timeout', `the part took more than ${assignment.timeoutMs} ms`);
        const order = {
          page,
          samples,
          before,
          begun,
          folder,
          timeoutMs: leftMs,
          preparation: at === first ? preparation : {},
        };
        const drawn = await drawRange(assignment, work, order, context);
        if (drawn.gaveWay || drawn.isLast) return;
        if (begun) await rm(begun.diskPath, { force: true });
        begun = drawn.begun;
        at = drawn.next;
        leftMs -= drawn.tookMs;
      }
    }),
  );
}

/** What is stored of a frame that noise or time may end. More is added as it is drawn. */
interface Before {
  readonly sums: SumsFile[];
  drawnMs: number;
}

async function storedBefore({ settings, before }: PieceWork, folder: string, context: AttemptContext): Promise<Before> {
  const sums: SumsFile[] = [];
  if (isCompared(settings)) for (const part of before?.sums ?? []) sums.push(await fetchSums(part, folder, context));
  return { sums, drawnMs: before?.drawnMs ?? 0 };
}

/** Whether later samples are compared with the ones before. */
const isCompared = ({ noiseThreshold }: PieceWork['settings']): boolean => noiseThreshold > 0;

interface RangeOrder {
  readonly page: ScenePage;
  readonly samples: SampleRange;
  readonly before: Before;
  /** [WK23] Sums of its first samples. */
  readonly begun: SumsFile | null;
  readonly folder: string;
  readonly timeoutMs: number;
  readonly preparation: Preparation;
}

interface DrawnRange {
  /** Where the next begins. */
  readonly next: number;
  /** [WK23] Sums of the first samples of that. */
  readonly begun: SumsFile | null;
  /** Without the wait for its turn. */
  readonly tookMs: number;
  /** Nothing of the part follows. */
  readonly isLast: boolean;
  /** [WK18] The attempt ended with it. */
  readonly gaveWay: boolean;
}

async function drawRange(
  assignment: Assignment,
  work: PieceWork,
  order: RangeOrder,
  context: AttemptContext,
): Promise<DrawnRange> {
  const { settings, frameNumber, part } = work;
  const { page, samples: wanted, before, begun, folder, timeoutMs } = order;
  const { autoBackends, checkpointMs, clock, leaving, lease, progress } = context;
  const turn = await drawingTurn(assignment, page, settings, context, lease.signal);
  const startedMs = clock.monotonicMs();
  const output = { ...outputIn(folder), maxBytes: MAX_SUMS_BYTES };
  const drawn = { region: part.region, samples: wanted };
  const window = windowOf(settings, part.region);
  const parted = { part: drawn, ...(window ? { window } : {}), ...(begun ? { begun } : {}) };
  const { sceneHash } = assignment.scene;
  const backend = chosenBackend(settings, autoBackends);
  const pageOrder = { sceneHash, settings, backend, frameNumber, ...parted, before, checkpointMs };
  const onProgress = (fraction: number) =>
    progress.note(lease.attemptId, frameNumber, wanted.first + Math.round(fraction * wanted.count));
  // A server that takes no sums of less than a block gets none.
  const ending = work.begun === undefined ? {} : { wanted: AbortSignal.any([turn.wanted, leaving]) };
  const hooks = { onDrawn: turn.end, onProgress, signal: lease.signal, ...ending };
  const drawing = page.drawPiece(pageOrder, output, timeoutMs, hooks);
  void abandonUnwanted(drawing, { page, lease, isDrawn: turn.isOver });
  const { answer, sums } = await drawing;
  const tookMs = clock.monotonicMs() - startedMs;
  const givesWay = turn.end() || leaving.aborted;
  lease.signal.throwIfAborted();
  if (!lease.isHeld()) throw new KilnError('attempt.stale', 'the lease ran out before the part was delivered');
  const { gaveWay, open } = await deliverRanges(work, order, { outcome: answer.result, sums, givesWay }, context);
  before.drawnMs += answer.result.drawnMs;
  const next = sums.reduce((at, { samples }) => at + samples.count, wanted.first);
  return {
    next: open?.samples.first ?? next,
    begun: open,
    tookMs,
    isLast: answer.result.endedBy !== undefined,
    gaveWay,
  };
}

interface DrawnSums {
  readonly outcome: PieceOutcome;
  readonly sums: readonly SumsOfRange[];
  readonly givesWay: boolean;
}

/** @returns whether the attempt ended with them, and the sums of a block that is not whole. */
async function deliverRanges(
  { settings, part: { region, samples: whole } }: PieceWork,
  { before, preparation }: RangeOrder,
  { outcome, sums, givesWay }: DrawnSums,
  { client, lease, log, membership }: AttemptContext,
): Promise<{ readonly gaveWay: boolean; readonly open: SumsFile | null }> {
  const { endedBy, drawnMs, draw } = outcome;
  let [gaveWay, open]: [boolean, SumsFile | null] = [false, null];
  for (const [place, { samples, noise, encode, name, diskPath, file }] of sums.entries()) {
    const isNewest = place === sums.length - 1;
    const end = { ...(isNewest && endedBy && { endedBy }), ...(noise !== undefined && { noise }) };
    const { sha256, sizeBytes } = file;
    const result = {
      sha256,
      sizeBytes,
      samples,
      ...end,
      // Once for all of them.
      drawnMs: isNewest ? drawnMs : 0,
      stages: { ...preparation, draw, encode },
      ...(isNewest && givesWay && { givesWay }),
    };
    const answer = await membership.persist(() => client.deliverPiece(lease, result, file, lease.signal), lease.signal);
    gaveWay = answer.gaveWay ?? false;
    log.debug({ samples, sizeBytes, gaveWay }, 'delivered a part of a frame');
    const held = { region, samples, ...end, input: name, diskPath, sizeBytes };
    const isWhole = !endsWithinBlock(samples) || samples.first + samples.count === whole.first + whole.count;
    if (!isWhole && endedBy === undefined) open = held;
    else if (isCompared(settings)) before.sums.push(held);
    else await rm(diskPath, { force: true });
  }
  return { gaveWay, open };
}
