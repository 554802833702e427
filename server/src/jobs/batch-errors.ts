/** What is wrong with one job of several, at its place among them. */
import { type JobRequest, KilnError } from '@kiln/shared';

/** @throws KilnError `request.invalid` when two have the same. */
export function checkKeys(requests: readonly JobRequest[]): void {
  const keys = new Set<string>();
  for (const [index, { idempotencyKey }] of requests.entries()) {
    if (idempotencyKey === undefined) continue;
    if (keys.has(idempotencyKey)) {
      const message = `two jobs have the key ${JSON.stringify(idempotencyKey)}; give each its own`;
      throw new KilnError('request.invalid', message, { field: `/jobs/${index}/idempotencyKey` });
    }
    keys.add(idempotencyKey);
  }
}

/** An error of one job of several, at its place among them. */
export function ofBatch(index: number, error: unknown): unknown {
  if (!(error instanceof KilnError)) return error;
  const { code, message, field = '', position } = error;
  return new KilnError(code, message, {
    field: `/jobs/${index}${field}`,
    ...(position === undefined ? {} : { position }),
    cause: error,
  });
}

export const inBatch = <T>(index: number, work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    throw ofBatch(index, error);
  });
