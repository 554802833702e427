import { type Assignment, KilnError } from '@kiln/shared';
import type { Kysely } from 'kysely';
import { type AttemptFacts, type AttemptMemory, assignmentOf } from '../dispatch/attempt-facts.ts';
import { openWork } from '../dispatch/claim.ts';
import type { Results } from '../dispatch/results.ts';
import type { Database } from '../store/tables.ts';

export interface ClaimParts {
  readonly db: Kysely<Database>;
  readonly attempts: AttemptMemory;
  readonly results: Results;
  readonly leaseMs: number;
}

/**
 * [WK4] A delivery becomes work.
 *
 * @param attempt whose token was checked.
 * @throws KilnError `attempt.stale`; `resource.not_found` when its scene was deleted.
 */
export async function claimAttempt(
  attempt: AttemptFacts,
  { db, attempts, results, leaseMs }: ClaimParts,
): Promise<Assignment> {
  const claimed = await results.claim(attempt);
  const isImport = attempt.work.kind === 'import';
  const scene = await (isImport ? attempts.ownFiles(attempt.sceneId) : attempts.scene(attempt.sceneId));
  if (!scene) throw new KilnError('resource.not_found', `scene ${attempt.sceneId} was deleted`);
  return assignmentOf(attempt, scene, leaseMs, await openWork(db, attempt, claimed));
}
