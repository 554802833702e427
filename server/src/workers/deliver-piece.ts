/** Sums of a part of a frame come in ([WK16]): checked while they stream into the object store, then recorded. */
import type { IncomingHttpHeaders } from 'node:http';
import {
  type FrameAccepted,
  KilnError,
  MAX_SUMS_BYTES,
  PIECE_HEADER,
  PIECE_MEDIA_TYPE,
  PieceResult,
} from '@kiln/shared';
import type { AttemptFacts } from '../dispatch/attempt-facts.ts';
import type { Results } from '../dispatch/results.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { readResult } from './result-header.ts';

export interface IncomingPiece {
  readonly attempt: AttemptFacts;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * @throws KilnError `request.invalid`, `upload.hash_mismatch`, `upload.over_limit`, `storage.full`, `attempt.stale`.
 */
export async function deliverPiece(
  { attempt, headers, bytes }: IncomingPiece,
  objects: ObjectStore,
  results: Results,
): Promise<FrameAccepted> {
  const { work } = attempt;
  if (work.kind !== 'piece') {
    throw new KilnError('request.invalid', `attempt ${attempt.attemptId} draws no part of a frame`);
  }
  if (headers['content-type'] !== PIECE_MEDIA_TYPE) {
    throw new KilnError('request.unsupported_media_type', `expected sums as ${PIECE_MEDIA_TYPE}`);
  }
  const result = readResult(PieceResult, headers, PIECE_HEADER);
  const stored = await objects.put(bytes, { maxBytes: MAX_SUMS_BYTES, expectSha256: result.sha256 });
  if (stored.sizeBytes !== result.sizeBytes) {
    throw new KilnError('upload.hash_mismatch', `expected ${result.sizeBytes} bytes, got ${stored.sizeBytes}`);
  }
  const { taskDone, gaveWay } = await results.piece({ attempt, work, result });
  return { taskDone, ...(gaveWay ? { gaveWay } : {}) };
}
