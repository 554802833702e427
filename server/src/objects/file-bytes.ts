import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** Opened when it is first read: the error of a stream that nobody reads yet would be nobody's. */
export async function* bytesOf(path: string): AsyncIterable<Uint8Array> {
  yield* createReadStream(path);
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytesOf(path)) hash.update(chunk);
  return hash.digest('hex');
}
