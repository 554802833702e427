/** An upload as the panel shows it. */
import type { Refusal } from '@kiln/shared';

export interface UploadFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly hashedBytes: number;
  readonly sentBytes: number;
  /** The farm had these bytes before. */
  readonly alreadyThere: boolean;
}

export type UploadPhase =
  | { readonly phase: 'reading' }
  /** Several files could be the scene. */
  | { readonly phase: 'choosing'; readonly candidates: readonly string[] }
  | { readonly phase: 'hashing' }
  | { readonly phase: 'announcing' }
  /** `stalled`: the line is cut and is being tried again. */
  | { readonly phase: 'uploading'; readonly stalled: boolean }
  | { readonly phase: 'paused' }
  /** Everything is there; a worker looks at it. */
  | { readonly phase: 'checking'; readonly sceneId: string }
  | { readonly phase: 'ready'; readonly sceneId: string }
  | { readonly phase: 'refused'; readonly sceneId: string; readonly refusal: Refusal }
  /** `canRetry`: going on from here may help. */
  | { readonly phase: 'failed'; readonly code: string; readonly message: string; readonly canRetry: boolean }
  | { readonly phase: 'cancelled' };

export interface UploadSnapshot {
  readonly name: string;
  readonly phase: UploadPhase;
  readonly files: readonly UploadFile[];
  readonly sceneId: string | null;
  readonly bytesPerSec: number | null;
}

export const isOver = ({ phase }: UploadPhase): boolean =>
  phase === 'ready' || phase === 'refused' || phase === 'cancelled';

/** Nobody can go on with it. */
export const isHopeless = (phase: UploadPhase): boolean =>
  phase.phase === 'refused' || (phase.phase === 'failed' && !phase.canRetry);

/** Fraction from 0 to 1 of the step that is under way; null when nobody can know. */
export function progressOf({ phase, files }: UploadSnapshot): number | null {
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  switch (phase.phase) {
    case 'hashing':
      return total === 0 ? 1 : files.reduce((sum, { hashedBytes }) => sum + hashedBytes, 0) / total;
    case 'uploading':
    case 'paused':
    case 'failed':
      return total === 0 ? 1 : files.reduce((sum, { sentBytes }) => sum + sentBytes, 0) / total;
    case 'ready':
      return 1;
    default:
      return null;
  }
}
