import { createReadStream } from 'node:fs';
import { ErrorBody, type ErrorCode, errorOf, KilnError, matches } from '@kiln/shared';
import { DetailedError, Upload, type UrlStorage } from 'tus-js-client';
import type { HashedFile } from './hash-files.ts';

/** Waits between tries while the farm does not answer: a minute in all, long enough for a server that restarts. */
const RETRY_DELAYS_MS = [200, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000];

export interface UploadTarget {
  /** Where uploads are made. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly memory: UrlStorage;
}

/**
 * Sends one file, from where an earlier try stopped.
 *
 * @param onBytes is told how many bytes of it have been sent.
 * @param waiting is told of every failure after which it is tried again.
 * @throws KilnError what the farm says; `client.unreachable` when it does not answer; the signal's reason.
 */
export async function uploadFile(
  file: HashedFile,
  target: UploadTarget,
  signal: AbortSignal,
  onBytes: (sentBytes: number) => void,
  waiting: (error: KilnError) => void,
): Promise<void> {
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const finished = new Promise<void>((resolve, reject) => {
    const upload = new Upload(Buffer.alloc(0), {
      endpoint: target.endpoint,
      headers: { ...target.headers },
      metadata: { sha256: file.sha256, filename: file.path },
      uploadSize: file.sizeBytes,
      // The library reads files of Node only by a stream that its types do not know: this reads them by path.
      fileReader: { openFile: async () => fileSlices(file) },
      urlStorage: target.memory,
      fingerprint: async () => `${target.endpoint} ${file.sha256}`,
      removeFingerprintOnSuccess: true,
      retryDelays: RETRY_DELAYS_MS,
      onShouldRetry: (error) => {
        const helps = mayPass(error.originalResponse?.getStatus() ?? null);
        if (helps) waiting(asKilnError(error, target.endpoint));
        return helps;
      },
      onProgress: onBytes,
      onSuccess: () => resolve(),
      onError: (error) => reject(asKilnError(error, target.endpoint)),
    });
    onAbort = () => void upload.abort().finally(() => reject(signal.reason));
    signal.addEventListener('abort', onAbort);
    upload.findPreviousUploads().then(([previous]) => {
      if (previous !== undefined) upload.resumeFromPreviousUpload(previous);
      if (!signal.aborted) upload.start();
    }, reject);
  });
  await finished.finally(() => signal.removeEventListener('abort', onAbort));
}

const fileSlices = ({ diskPath, sizeBytes }: HashedFile) => ({
  size: sizeBytes,
  async slice(start: number, end: number) {
    const last = Math.min(end, sizeBytes);
    // The library takes the request's Content-Length from `size`.
    const value = Object.assign(createReadStream(diskPath, { start, end: last - 1 }), { size: last - start });
    return { value, done: last >= sizeBytes };
  },
  close() {},
});

/** @param status null when nothing was answered. A full disk (507) is not emptied by waiting. */
const mayPass = (status: number | null) =>
  status === null || (status >= 500 && status !== 507) || [409, 423, 429].includes(status);

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'identity.missing',
  413: 'upload.over_limit',
  460: 'upload.hash_mismatch',
  507: 'storage.full',
};

/** The library's own message names everything that it knows of the request. */
const causeOf = (error: Error) =>
  error instanceof DetailedError && error.causingError ? `: ${error.causingError.message}` : '';

function asKilnError(error: Error, endpoint: string): KilnError {
  const response = error instanceof DetailedError ? error.originalResponse : null;
  if (response === null)
    return new KilnError('client.unreachable', `The upload to ${endpoint} broke off${causeOf(error)}.`, {
      cause: error,
    });
  let body: unknown;
  try {
    body = JSON.parse(response.getBody());
  } catch {
    body = undefined;
  }
  if (matches(ErrorBody, body)) return errorOf(body);
  const status = response.getStatus();
  return new KilnError(
    CODE_OF_STATUS[status] ?? 'client.bad_answer',
    `The upload to ${endpoint} was answered with status ${status}.`,
    { cause: error },
  );
}
