/**
 * Hashes files away from the main thread, in WebAssembly: on plain HTTP beyond loopback a page has no `crypto.subtle`, and
 * that could not hash a stream anyway.
 */
import { createSHA256 } from 'hash-wasm';
import type { HashReply, HashRequest } from './file-hasher.ts';

/** What is needed of the worker's global scope; the page's types name another one. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<HashRequest>) => void) | null;
  postMessage(reply: HashReply): void;
}
declare const self: WorkerScope & typeof globalThis;

async function hash(id: number, file: File): Promise<void> {
  const hasher = await createSHA256();
  const reader = file.stream().getReader();
  let bytes = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    hasher.update(part.value);
    bytes += part.value.length;
    self.postMessage({ id, kind: 'progress', bytes });
  }
  self.postMessage({ id, kind: 'done', sha256: hasher.digest('hex') });
}

self.onmessage = ({ data: { id, file } }) => {
  hash(id, file).catch((error: unknown) => self.postMessage({ id, kind: 'failed', message: String(error) }));
};
