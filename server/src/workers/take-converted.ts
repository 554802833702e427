/** The GLB that an import made of a scene in another format comes in ([WK15]), before the import's result. */
import type { IncomingHttpHeaders } from 'node:http';
import { GLB_MEDIA_TYPE, KilnError, LIMITS } from '@kiln/shared';
import type { AttemptFacts } from '../dispatch/attempt-facts.ts';
import { staleAttempt } from '../dispatch/claim.ts';
import type { Services } from '../services.ts';

export interface IncomingConverted {
  readonly attempt: AttemptFacts;
  /** As the worker says. */
  readonly sha256: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * Stores the bytes and notes their hash with the attempt: its result may name these bytes, and no others.
 *
 * @throws KilnError `request.invalid`, `request.unsupported_media_type`, `upload.hash_mismatch`, `upload.over_limit`,
 *   `storage.full`, `attempt.stale`.
 */
export async function takeConverted(
  { attempt, sha256, headers, bytes }: IncomingConverted,
  { objects, store }: Pick<Services, 'objects' | 'store'>,
): Promise<void> {
  if (attempt.work.kind !== 'import') throw new KilnError('request.invalid', 'this attempt is no import');
  if (headers['content-type'] !== GLB_MEDIA_TYPE) {
    throw new KilnError('request.unsupported_media_type', `expected a converted scene as ${GLB_MEDIA_TYPE}`);
  }
  await objects.put(bytes, { maxBytes: LIMITS.fileBytes, expectSha256: sha256 });
  const noted = await store.db
    .updateTable('attempts')
    .set({ result_hash: sha256 })
    .where('id', '=', attempt.attemptId)
    .where('state', 'in', ['assigned', 'running'])
    .returning('id')
    .executeTakeFirst();
  if (!noted) throw staleAttempt(attempt.attemptId);
}
