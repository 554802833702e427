/** A frame's bytes come in ([WK6]): checked while they stream into the object store, then recorded. */
import {
  type FrameAccepted,
  type FrameResult,
  IMAGE_FORMATS,
  isGridded,
  KilnError,
  LIMITS,
  type PassResult,
  PREVIEW_MEDIA_TYPE,
  passFilesOf,
} from '@kiln/shared';
import type { AttemptFacts, FrameFacts } from '../dispatch/attempt-facts.ts';
import type { FrameReport } from '../dispatch/record-frames.ts';
import type { Results } from '../dispatch/results.ts';
import type { ObjectStore } from '../objects/object-store.ts';

export interface IncomingFrame<R = FrameResult> {
  readonly attempt: AttemptFacts;
  readonly frameNumber: number;
  readonly mediaType: string | undefined;
  readonly result: R;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * @throws KilnError `request.invalid`, `upload.hash_mismatch`, `upload.over_limit`, `storage.full`, `attempt.stale`.
 */
export async function deliverFrame(
  frame: IncomingFrame,
  objects: ObjectStore,
  results: Results,
): Promise<FrameAccepted> {
  const { taskDone } = await results.frame(await storeFrame(frame, objects));
  return { taskDone };
}

/**
 * Stores a frame's bytes; nothing refers to them until they are recorded.
 *
 * @returns what is to be recorded.
 * @throws KilnError as `deliverFrame`, but `attempt.stale`.
 */
export async function storeFrame(frame: IncomingFrame, objects: ObjectStore): Promise<FrameReport> {
  const { attempt, frameNumber, result } = frame;
  const work = workOf(frame);
  const { mediaType } = IMAGE_FORMATS[work.settings.format];
  requireType(frame, mediaType);
  await requirePasses(work, result, objects);
  const startedAt = performance.now();
  const isFresh = !(await objects.has(result.sha256));
  await store(objects, frame);
  return {
    ...{ attempt, work, frameNumber, mediaType, isFresh },
    result: withDelivery(result, performance.now() - startedAt),
  };
}

/**
 * Stores a file beside the frame's first one, which names it when it comes; until then nothing refers to it.
 *
 * @throws KilnError as `deliverFrame`.
 */
export async function deliverPass(frame: IncomingFrame<PassResult>, pass: string, objects: ObjectStore): Promise<void> {
  const { settings } = workOf(frame);
  const [, ...others] = passFilesOf(settings);
  const isPreview = pass === 'preview' && isGridded(settings);
  if (!isPreview && !others.some((other) => other === pass)) {
    throw new KilnError('request.invalid', `frame ${frame.frameNumber} has no file of the pass ${pass}`);
  }
  requireType(frame, isPreview ? PREVIEW_MEDIA_TYPE : IMAGE_FORMATS[settings.format].mediaType);
  await store(objects, frame, isPreview ? LIMITS.previewBytes : LIMITS.frameBytes);
}

/** What the frame is of. */
function workOf({ attempt, frameNumber }: IncomingFrame<unknown>): FrameFacts {
  const { work } = attempt;
  if ((work.kind !== 'render' && work.kind !== 'assemble') || !work.frames.includes(frameNumber)) {
    throw new KilnError('request.invalid', `frame ${frameNumber} is not part of attempt ${attempt.attemptId}`);
  }
  return work;
}

function requireType(frame: IncomingFrame<unknown>, mediaType: string): void {
  if (frame.mediaType === mediaType) return;
  throw new KilnError('request.unsupported_media_type', `expected a frame of this attempt as ${mediaType}`);
}

async function store(
  objects: ObjectStore,
  { bytes, result: { sha256, sizeBytes } }: IncomingFrame<PassResult>,
  maxBytes: number = LIMITS.frameBytes,
): Promise<void> {
  const stored = await objects.put(bytes, { maxBytes, expectSha256: sha256 });
  if (stored.sizeBytes === sizeBytes) return;
  throw new KilnError('upload.hash_mismatch', `expected ${sizeBytes} bytes, got ${stored.sizeBytes}`);
}

/** The files of all other passes came before, each once; and the small picture, where there is one. */
async function requirePasses(
  { settings }: FrameFacts,
  { files = [], preview }: FrameResult,
  objects: Pick<ObjectStore, 'has'>,
): Promise<void> {
  const [, ...expected] = passFilesOf(settings);
  const named = files.map(({ pass }) => pass);
  if (named.length !== expected.length || expected.some((pass) => !named.includes(pass))) {
    throw new KilnError(
      'request.invalid',
      `expected files of ${expected.join(', ') || 'no other pass'}, got ${named.join(', ') || 'none'}`,
    );
  }
  for (const { pass, sha256 } of files) {
    if (await objects.has(sha256)) continue;
    throw new KilnError('request.invalid', `the file of the pass ${pass} is to come before the frame`);
  }
  if (!preview) return;
  if (!isGridded(settings)) throw new KilnError('request.invalid', 'a frame that can be shown has no preview');
  if (!(await objects.has(preview.sha256))) {
    throw new KilnError('request.invalid', 'the preview is to come before the frame');
  }
}

/** A worker of before says not when it began to send. */
function withDelivery(result: FrameResult, durationMs: number): FrameResult {
  const { sentAtMs, stages } = result;
  return sentAtMs === undefined
    ? result
    : { ...result, stages: { ...stages, deliver: { startedAtMs: sentAtMs, durationMs } } };
}
