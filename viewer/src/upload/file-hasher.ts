/** SHA-256 of files, by the hash worker. */
export interface HashRequest {
  readonly id: number;
  readonly file: File;
}

export type HashReply =
  | { readonly id: number; readonly kind: 'progress'; readonly bytes: number }
  | { readonly id: number; readonly kind: 'done'; readonly sha256: string }
  | { readonly id: number; readonly kind: 'failed'; readonly message: string };

export interface FileHasher {
  /**
   * @param onProgress bytes hashed so far.
   * @returns lower-case hexadecimal.
   * @throws Error when the file cannot be read: it was moved or changed.
   */
  sha256(file: File, onProgress: (bytes: number) => void): Promise<string>;
  dispose(): void;
}

interface Pending {
  onProgress(bytes: number): void;
  resolve(sha256: string): void;
  reject(error: Error): void;
}

export function createFileHasher(): FileHasher {
  const worker = new Worker(new URL('./hash-worker.ts', import.meta.url), { type: 'module' });
  const pending = new Map<number, Pending>();
  let lastId = 0;
  worker.onmessage = ({ data }: MessageEvent<HashReply>) => {
    const waiting = pending.get(data.id);
    if (!waiting) return;
    if (data.kind === 'progress') {
      waiting.onProgress(data.bytes);
      return;
    }
    pending.delete(data.id);
    if (data.kind === 'done') waiting.resolve(data.sha256);
    else waiting.reject(new Error(data.message));
  };
  worker.onerror = ({ message }) => {
    for (const { reject } of pending.values()) reject(new Error(`The hash worker failed: ${message}`));
    pending.clear();
  };
  return {
    sha256(file, onProgress) {
      lastId += 1;
      const id = lastId;
      return new Promise((resolve, reject) => {
        pending.set(id, { onProgress, resolve, reject });
        worker.postMessage({ id, file } satisfies HashRequest);
      });
    },
    dispose() {
      worker.terminate();
      for (const { reject } of pending.values()) reject(new Error('Hashing was stopped.'));
      pending.clear();
    },
  };
}
