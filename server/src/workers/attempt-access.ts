/** Which attempt a worker's request is about, and whether it holds the lease's token. */
import type { IncomingHttpHeaders } from 'node:http';
import { KilnError, LEASE_HEADER } from '@kiln/shared';
import type { AttemptFacts, AttemptMemory } from '../dispatch/attempt-facts.ts';
import { sameSecret } from './secrets.ts';

export function leaseToken(headers: IncomingHttpHeaders): string {
  const token = headers[LEASE_HEADER];
  if (typeof token === 'string' && token !== '') return token;
  throw new KilnError('request.invalid', `expected the lease token as the header ${LEASE_HEADER}`);
}

export interface LeaseKey {
  readonly attemptId: string;
  readonly leaseToken: string;
}

/**
 * @throws KilnError `resource.not_found` for an attempt that does not exist, is another worker's, or has another token:
 *   which of them, the asker does not learn.
 */
export async function attemptOf(
  memory: AttemptMemory,
  workerId: string,
  attemptId: string,
  headers: IncomingHttpHeaders,
): Promise<AttemptFacts> {
  const key = { attemptId, leaseToken: leaseToken(headers) };
  return heldBy(workerId, key, (await memory.facts([attemptId])).get(attemptId));
}

/** @throws KilnError as `attemptOf` */
export function heldBy(
  workerId: string,
  { attemptId, leaseToken: token }: LeaseKey,
  facts: AttemptFacts | undefined,
): AttemptFacts {
  if (facts?.workerId === workerId && sameSecret(token, facts.leaseToken)) return facts;
  throw new KilnError('resource.not_found', `this worker has no attempt ${attemptId} with this lease`);
}
