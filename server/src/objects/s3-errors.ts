/** What a store of S3 says when it does not do what it was asked, as errors of Kiln. */
import { KilnError } from '@kiln/shared';
import { errorCodeOf } from './disk-errors.ts';

/** The code of an answer, such as `NoSuchKey`; else that of the connection, such as `ECONNREFUSED`; else the error's name. */
export function s3CodeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const connection = errorCodeOf(error) ?? errorCodeOf(error.cause);
  return statusOf(error) === null && connection !== null ? connection : error.name;
}

function statusOf(error: unknown): number | null {
  const metadata: unknown = error instanceof Error ? Reflect.get(error, '$metadata') : null;
  const status: unknown =
    typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'httpStatusCode') : null;
  return typeof status === 'number' ? status : null;
}

/** There is no such object. A missing bucket says the same where an answer has no body. */
export const isNotThere = (error: unknown): boolean => ['NoSuchKey', 'NotFound'].includes(s3CodeOf(error));

/** What was to be ended, or finished, has been. */
export const isNoUpload = (error: unknown): boolean => s3CodeOf(error) === 'NoSuchUpload';

/** Somebody else wrote the object first. */
export const isAlreadyThere = (error: unknown): boolean =>
  ['PreconditionFailed', 'ConditionalRequestConflict'].includes(s3CodeOf(error));

/** Ceph says QuotaExceeded, MinIO XMinioStorageFull, others answer 507. */
const isFull = (error: unknown): boolean =>
  /^(QuotaExceeded|XMinioStorageFull|InsufficientStorage)/.test(s3CodeOf(error)) || statusOf(error) === 507;

const isRefused = (error: unknown): boolean => [401, 403].includes(statusOf(error) ?? 0);

/** @returns an error that may be told to clients: the cause, with address and names, is for the log. */
export function asS3Error(error: unknown): KilnError {
  if (error instanceof KilnError) return error;
  if (isFull(error)) {
    return new KilnError(
      'storage.full',
      'the object store is full: nothing was kept of this request; its operator must free space, or raise its quota',
      { cause: error },
    );
  }
  return new KilnError('storage.unavailable', sentenceOf(error), { cause: error });
}

function sentenceOf(error: unknown): string {
  if (s3CodeOf(error) === 'NoSuchBucket') return 'the object store has no bucket for this farm any more';
  if (isRefused(error)) return 'the object store refuses this farm’s credentials: its operator must mend that';
  return 'the object store does not answer as it should: try again soon';
}
