/** Whether a request with a key that was used before is the one that used it. */
import { createHash } from 'node:crypto';
import { type JobRequest, KilnError } from '@kiln/shared';
import { ofBatch } from './batch-errors.ts';

/**
 * Of a request with a key: the order of its fields does not matter, nor which estimate was made of it. Null of one without.
 */
export function requestHash({
  idempotencyKey,
  estimateId: _,
  ...request
}: Pick<JobRequest, 'idempotencyKey' | 'estimateId'>): string | null {
  if (idempotencyKey === undefined) return null;
  return createHash('sha256')
    .update(JSON.stringify(ordered(request)))
    .digest('hex');
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, one]) => [key, ordered(one)]);
}

export interface KeyedRow {
  readonly id: string;
  readonly idempotency_key: string | null;
  /** Null of jobs of earlier versions: it is not known. */
  readonly request_hash: string | null;
}

/** @throws KilnError `resource.conflict` when the job was another request. */
export function checkSameRequest({ id, idempotency_key: key, request_hash }: KeyedRow, hash: string | null): void {
  if (request_hash === null || hash === null || request_hash === hash) return;
  const message = `the key ${JSON.stringify(key)} is that of job ${id}, which was asked for something else; give the new job another key`;
  throw new KilnError('resource.conflict', message, { field: '/idempotencyKey' });
}

/** @throws KilnError as `checkSameRequest`, of the request's place among them. */
export function checkSameRequests(rows: readonly KeyedRow[], requests: readonly JobRequest[]): void {
  const places = new Map(requests.map(({ idempotencyKey }, index) => [idempotencyKey ?? null, index]));
  for (const row of rows) {
    const index = places.get(row.idempotency_key) ?? 0;
    const request = requests[index];
    try {
      if (request) checkSameRequest(row, requestHash(request));
    } catch (error) {
      throw ofBatch(index, error);
    }
  }
}
