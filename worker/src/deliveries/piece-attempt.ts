/**
 * A part of a frame: its samples are drawn in ranges whose sums add up as those of a whole frame do. What takes long is
 * stored range by range, so that whoever comes after goes on from there, and gives its slot to others in between. When
 * something more urgent takes it, the attempt ends there.
 */
import { rm } from 'node:fs/promises';
import { type Assignment, KilnError, LIMITS, nextRange, type SampleRange, windowOf } from '@kiln/shared';
import type { ScenePage, SumsFile } from '../pool/scene-page.ts';
import { outputIn, withFolder } from './attempt-folder.ts';
import { chosenBackend } from './chosen-backend.ts';
import { abandonUnwanted, drawingTurn } from './drawing-turn.ts';
import { fetchSums } from './fetch-sums.ts';
import { type Preparation, withScenePage } from './scene-page-attempt.ts';
import type { AttemptContext } from './work-parts.ts';

export type PieceWork = Extract<Assignment['work'], { kind: 'piece' }>;

/** RGBA floats of the largest part, which no compression makes larger by more. */
const MAX_BYTES = LIMITS.wholeFramePixels * 4 * 4 + 1_048_576;

/** @throws KilnError why the part was not drawn or not taken */
export async function runPiece(assignment: Assignment, work: PieceWork, context: AttemptContext): Promise<void> {
  await withScenePage(assignment, work, context, (page, load) =>
    withFolder(context, 'piece', async (folder) => {
      const preparation = await load();
      let leftMs = assignment.timeoutMs;
      const { first, count } = work.part.samples;
      const end = first + count;
      const before = await storedBefore(work, folder, context);
      for (let at = first; at < end; ) {
        const samples = nextRange({ first: at, count: end - at }, work.settings);
        if (leftMs <= 0) throw new KilnError('render.timeout', `the part took more than ${assignment.timeoutMs} ms`);
        const order = {
          page,
          samples,
          before,
          folder,
          timeoutMs: leftMs,
          preparation: at === first ? preparation : {},
        };
        const range = await drawRange(assignment, work, order, context);
        if (range.gaveWay || range.isLast) return;
        at += range.samples;
        leftMs -= range.tookMs;
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
  readonly folder: string;
  readonly timeoutMs: number;
  readonly preparation: Preparation;
}

interface DrawnRange {
  /** How many were drawn and delivered. */
  readonly samples: number;
  /** Without the wait for its turn. */
  readonly tookMs: number;
  /** Nothing of the part follows. */
  readonly isLast: boolean;
  /** [WK18] The attempt ended with it. */
  readonly gaveWay: boolean;
}

async function drawRange(
  assignment: Assignment,
  { settings, frameNumber, part }: PieceWork,
  { page, samples: wanted, before, folder, timeoutMs, preparation }: RangeOrder,
  context: AttemptContext,
): Promise<DrawnRange> {
  const { autoBackends, checkpointMs, client, clock, lease, log, membership, progress } = context;
  const turn = await drawingTurn(assignment, page, settings, context, lease.signal);
  const startedMs = clock.monotonicMs();
  const output = { ...outputIn(folder), maxBytes: MAX_BYTES };
  const drawn = { region: part.region, samples: wanted };
  const window = windowOf(settings, part.region);
  const parted = { part: drawn, ...(window ? { window } : {}) };
  const { sceneHash } = assignment.scene;
  const backend = chosenBackend(settings, autoBackends);
  const order = { sceneHash, settings, backend, frameNumber, ...parted, before, checkpointMs };
  const onProgress = (fraction: number) =>
    progress.note(lease.attemptId, frameNumber, wanted.first + Math.round(fraction * wanted.count));
  const drawing = page.drawPiece(order, output, timeoutMs, { onDrawn: turn.end, onProgress, signal: lease.signal });
  void abandonUnwanted(drawing, { page, lease, isDrawn: turn.isOver });
  const { answer, sums } = await drawing;
  const tookMs = clock.monotonicMs() - startedMs;
  const { samples, endedBy, noise, drawnMs, draw, encode } = answer.result;
  const end = { ...(endedBy && { endedBy }), ...(noise !== undefined && { noise }) };
  const { sha256, sizeBytes } = sums;
  const given = { sha256, sizeBytes, samples, ...end, drawnMs, stages: { ...preparation, draw, encode } };
  const result = turn.end() ? { ...given, givesWay: true } : given;
  lease.signal.throwIfAborted();
  if (!lease.isHeld()) throw new KilnError('attempt.stale', 'the lease ran out before the part was delivered');
  const { gaveWay = false } = await membership.persist(
    () => client.deliverPiece(lease, result, sums, lease.signal),
    lease.signal,
  );
  before.drawnMs += drawnMs;
  if (isCompared(settings)) {
    before.sums.push({ region: part.region, samples, ...end, input: output.name, diskPath: sums.diskPath, sizeBytes });
  } else await rm(sums.diskPath, { force: true });
  log.debug({ frameNumber, samples, sizeBytes, gaveWay }, 'delivered a part of a frame');
  return { samples: samples.count, tookMs, isLast: endedBy !== undefined, gaveWay };
}
