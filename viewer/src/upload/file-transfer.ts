/** One file on its way to the farm by tus: it resumes where it was cut, also after the page was closed. */
import { ErrorBody, errorOf, KilnError, matches } from '@kiln/shared';
import { DetailedError, Upload } from 'tus-js-client';
import { VIEWER_LIMITS } from '../limits.ts';

export interface FileTransferOptions {
  readonly file: File;
  readonly sha256: string;
  /** Address of the tus endpoint. */
  readonly endpoint: string;
  onProgress(sentBytes: number): void;
  /** Between tries: the line is cut, or whole again. */
  onStalled(stalled: boolean): void;
}

export interface FileTransfer {
  /** Resolves when the farm has every byte. Another transfer of the same bytes goes on where this one stopped. */
  run(): Promise<void>;
  /** Stops sending; `run` does not settle any more. */
  pause(): void;
  /** Stops, and has the farm forget what came of it. */
  cancel(): Promise<void>;
}

/** Answers after which trying the same again can help: no answer, a lock that a cut connection left, a busy server. */
const mayRetry = (status: number) =>
  status === 0 || status === 409 || status === 423 || status === 429 || status >= 500;

const statusOf = (error: Error) => (error instanceof DetailedError ? (error.originalResponse?.getStatus() ?? 0) : 0);

export function createFileTransfer(options: FileTransferOptions): FileTransfer {
  let stopped = false;
  let settle: { resolve(): void; reject(error: KilnError): void } | null = null;
  const upload = new Upload(options.file, {
    endpoint: options.endpoint,
    retryDelays: [...VIEWER_LIMITS.uploadRetryMs],
    metadata: { sha256: options.sha256, filename: options.file.name },
    // By content: the same bytes under another name or from another folder go on where they stopped.
    fingerprint: () => Promise.resolve(`kiln-${options.sha256}-${options.file.size}`),
    removeFingerprintOnSuccess: true,
    // The library forgets an `abort` that comes before it has read the file: nothing but the farewell is sent then.
    onBeforeRequest: (request) =>
      stopped && request.getMethod() !== 'DELETE' ? new Promise(() => undefined) : Promise.resolve(),
    onProgress(sentBytes) {
      options.onStalled(false);
      options.onProgress(sentBytes);
    },
    onShouldRetry(error) {
      const retry = mayRetry(statusOf(error));
      if (retry) options.onStalled(true);
      return retry;
    },
    onSuccess() {
      options.onProgress(options.file.size);
      settle?.resolve();
    },
    onError: (error) => settle?.reject(kilnErrorOf(error)),
  });

  return {
    async run() {
      const [previous] = await upload.findPreviousUploads();
      if (previous && upload.url === null) upload.resumeFromPreviousUpload(previous);
      await new Promise<void>((resolve, reject) => {
        settle = { resolve, reject };
        upload.start();
      });
    },
    pause() {
      stopped = true;
      void upload.abort();
    },
    cancel() {
      stopped = true;
      return upload.abort(true);
    },
  };
}

/** What the farm said, or that it said nothing. */
function kilnErrorOf(error: Error): KilnError {
  const status = statusOf(error);
  if (error instanceof DetailedError && error.originalResponse) {
    try {
      const body: unknown = JSON.parse(error.originalResponse.getBody());
      if (matches(ErrorBody, body)) return errorOf(body);
    } catch {
      // Not ours.
    }
  }
  return status === 0
    ? new KilnError('client.unreachable', 'The farm cannot be reached. What has arrived is kept.', { cause: error })
    : new KilnError('client.bad_answer', `The upload was refused with status ${status}.`, { cause: error });
}
