/** How a scene is set up for a picture: what plays, and what is changed. */
import type { AppliedEdits } from './applied-edits.ts';
import type { ClipPlay } from './clip-player.ts';

export interface Staging {
  /** Null leaves everything where the file has it. */
  readonly play: ClipPlay | null;
  readonly edits: AppliedEdits;
}

/** The same where things are at the same places at the same time. */
export const shapeKey = ({ play, edits }: Staging): string => `${play?.key ?? 'still'} ${edits.shapeKey}`;

/** The same where all is the same at this time. */
export const poseKey = ({ play, edits }: Staging, timeSec: number): string =>
  `${play ? `${play.key}@${timeSec}` : 'still'} ${edits.key}`;
