/** An estimate as people read it. */
import { durationText, estimateText, type JobEstimate, slotTimeText } from '@kiln/shared';
import { table } from '../output.ts';

const BASES = { history: 'earlier jobs', probe: 'a probe' } as const;

export const estimateLayers = (estimate: JobEstimate): string =>
  [
    `Estimate  ${estimateText(estimate)}`,
    '',
    table(
      ['LAYER', 'FRAMES', 'A FRAME', 'ALL', 'FROM', 'TO', 'TOLD BY'],
      estimate.layers.map(({ name, frameCount, frameSec, slotSec, lowSlotSec, highSlotSec, basis, measuredFrames }) => [
        name,
        String(frameCount),
        durationText(frameSec),
        slotTimeText(slotSec),
        slotTimeText(lowSlotSec),
        slotTimeText(highSlotSec),
        `${BASES[basis]}: ${measuredFrames} ${measuredFrames === 1 ? 'frame' : 'frames'}`,
      ]),
    ),
  ].join('\n');
