/** Bytes in and out of an object store, for tests. */
import { createHash } from 'node:crypto';
import type { ByteRange, ObjectStore, StoredObject } from '../src/objects/object-store.ts';

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export async function* inChunks(bytes: Uint8Array, size = 1_000): AsyncIterable<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

/** Puts these bytes under their own hash. */
export const putBytes = (
  objects: Pick<ObjectStore, 'put'>,
  bytes: Uint8Array,
  { maxBytes = bytes.length, chunkBytes = 65_536 } = {},
): Promise<StoredObject> => objects.put(inChunks(bytes, chunkBytes), { maxBytes, expectSha256: sha256Of(bytes) });

export async function readAll(objects: Pick<ObjectStore, 'get'>, sha256: string, range?: ByteRange): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of await objects.get(sha256, range)) parts.push(part);
  return Buffer.concat(parts);
}

export async function listOf(objects: Pick<ObjectStore, 'list'>): Promise<string[]> {
  const found: string[] = [];
  for await (const { sha256 } of objects.list()) found.push(sha256);
  return found;
}
