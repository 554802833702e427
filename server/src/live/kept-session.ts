/** [LV42] What another server needs to go on with a session: whose seats and camera there are, and what is shown. */
import type { LiveView, Pose, TokenAccess } from '@kiln/shared';

/** Seat of who opened a session. */
export const OWNER_ID = 1;

export interface KeptSeat {
  readonly id: number;
  readonly access: TokenAccess;
  readonly tokenId: string | null;
  readonly maxSamples: number | null;
  readonly resumeHash: string;
}

export interface KeptAudience {
  readonly seats: readonly KeptSeat[];
  /** No seat that was given has a higher number. */
  readonly lastId: number;
  /** Seat of the one whose camera it is, or was last; null: nobody's. */
  readonly driver: number | null;
}

export interface KeptSession extends KeptAudience {
  readonly view: LiveView;
  /** Null: none came yet. */
  readonly pose: Pose | null;
}
