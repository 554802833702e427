import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { KilnError, type StoredSums } from '@kiln/shared';
import type { SumsFile } from '../pool/page-orders.ts';
import type { AttemptContext } from './work-parts.ts';

/** Streams sums to the disk, and checks their hash. */
export async function fetchSums(
  { sha256, sizeBytes: _, ...facts }: StoredSums,
  folder: string,
  { client, lease, membership }: AttemptContext,
): Promise<SumsFile> {
  return membership.persist(async () => {
    const { region, samples } = facts;
    const name = `${sha256}-${region.x}-${region.y}-${samples.first}`;
    const diskPath = join(folder, name);
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const measure = new Transform({
      transform(chunk: Uint8Array, _encoding, done) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        done(null, chunk);
      },
    });
    const stream = await client.sums(lease, sha256, lease.signal);
    await pipeline(Readable.fromWeb(stream), measure, createWriteStream(diskPath), { signal: lease.signal });
    if (hash.digest('hex') !== sha256) throw new KilnError('client.unreachable', 'sums came damaged');
    return { ...facts, input: `${lease.attemptId}-${name}`, diskPath, sizeBytes };
  }, lease.signal);
}
