import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { SourceFile } from './scene-source.ts';

export interface HashedFile extends SourceFile {
  readonly sha256: string;
}

/** @param onBytes is told the bytes read so far, of all files. */
export async function hashFiles(
  files: readonly SourceFile[],
  onBytes: (doneBytes: number) => void,
): Promise<HashedFile[]> {
  let doneBytes = 0;
  const hashed: HashedFile[] = [];
  for (const file of files) {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(file.diskPath, { highWaterMark: 1_048_576 })) {
      hash.update(chunk);
      doneBytes += chunk.length;
      onBytes(doneBytes);
    }
    hashed.push({ ...file, sha256: hash.digest('hex') });
  }
  return hashed;
}
