/** A frame's files go to the server: those of its other passes before its first, with which all are recorded. */
import { type FrameResult, KilnError } from '@kiln/shared';
import type { DrawnFrame, FrameFile } from '../pool/page-orders.ts';
import type { AttemptContext } from './work-parts.ts';

/**
 * @param stages how it came about, up to here.
 * @throws KilnError `attempt.stale`, or why a file was not taken
 */
export async function deliverFrame(
  { client, clock, lease, membership }: AttemptContext,
  frameNumber: number,
  { result: { statistics, mediaType, files }, file, preview }: DrawnFrame,
  stages: FrameResult['stages'],
): Promise<void> {
  const sentAtMs = clock.unixMs();
  lease.signal.throwIfAborted();
  if (!lease.isHeld()) throw new KilnError('attempt.stale', 'the lease ran out before the frame was delivered');
  const send = <T>(request: () => Promise<T>) => membership.persist(request, lease.signal);
  const [first = file, ...others] = files ?? [];
  let from = first.sizeBytes;
  for (const other of others) {
    const content = partOf(file.content, from, other.sizeBytes);
    from += other.sizeBytes;
    await send(() => client.deliverPass(lease, frameNumber, { file: other, mediaType, content }, lease.signal));
  }
  if (preview) await send(() => client.deliverPreview(lease, frameNumber, preview, lease.signal));
  const { sha256, sizeBytes } = first;
  const result = {
    sha256,
    sizeBytes,
    stages,
    statistics,
    sentAtMs,
    ...(others.length > 0 && { files: others }),
    ...(preview && { preview: { sha256: preview.sha256, sizeBytes: preview.sizeBytes } }),
  };
  const content = partOf(file.content, 0, sizeBytes);
  await send(() => client.deliverFrame(lease, frameNumber, { result, mediaType, content }, lease.signal));
}

const partOf = (content: FrameFile['content'], from: number, sizeBytes: number): FrameFile['content'] =>
  content instanceof Uint8Array ? content.subarray(from, from + sizeBytes) : { ...content, from };
