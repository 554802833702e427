/** A frame's bytes come in ([WK6]): checked while they stream into the object store, then recorded. */
import type { IncomingHttpHeaders } from 'node:http';
import { FRAME_HEADER, type FrameAccepted, FrameResult, IMAGE_FORMATS, KilnError, LIMITS } from '@kiln/shared';
import type { AttemptFacts } from '../dispatch/attempt-facts.ts';
import type { Results } from '../dispatch/results.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { readResult } from './result-header.ts';

export interface IncomingFrame {
  readonly attempt: AttemptFacts;
  readonly frameNumber: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * @throws KilnError `request.invalid`, `upload.hash_mismatch`, `upload.over_limit`, `storage.full`, `attempt.stale`.
 */
export async function deliverFrame(
  { attempt, frameNumber, headers, bytes }: IncomingFrame,
  objects: ObjectStore,
  results: Results,
): Promise<FrameAccepted> {
  const { work } = attempt;
  if ((work.kind !== 'render' && work.kind !== 'assemble') || !work.frames.includes(frameNumber)) {
    throw new KilnError('request.invalid', `frame ${frameNumber} is not part of attempt ${attempt.attemptId}`);
  }
  const mediaType = IMAGE_FORMATS[work.settings.format].mediaType;
  if (headers['content-type'] !== mediaType) {
    throw new KilnError('request.unsupported_media_type', `expected a frame of this attempt as ${mediaType}`);
  }
  const result = readResult(FrameResult, headers, FRAME_HEADER);
  const startedAt = performance.now();
  const isFresh = !(await objects.has(result.sha256));
  const stored = await objects.put(bytes, { maxBytes: LIMITS.frameBytes, expectSha256: result.sha256 });
  if (stored.sizeBytes !== result.sizeBytes) {
    throw new KilnError('upload.hash_mismatch', `expected ${result.sizeBytes} bytes, got ${stored.sizeBytes}`);
  }
  const timed = withDelivery(result, performance.now() - startedAt);
  const { taskDone } = await results.frame({ attempt, work, frameNumber, mediaType, result: timed, isFresh });
  return { taskDone };
}

/** A worker of before says not when it began to send. */
function withDelivery(result: FrameResult, durationMs: number): FrameResult {
  const { sentAtMs, stages } = result;
  return sentAtMs === undefined
    ? result
    : { ...result, stages: { ...stages, deliver: { startedAtMs: sentAtMs, durationMs } } };
}
