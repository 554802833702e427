import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { SceneFile } from '@kiln/shared';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FetchFile, SceneCache } from '../../src/scene-cache/scene-cache.ts';
import { silent } from '../support/silent.ts';

let folder: string;
let fetched: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiln-test-'));
  fetched = [];
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const bytesOf = (name: string, sizeBytes: number) => Buffer.alloc(sizeBytes, name);
const fileOf = (name: string, sizeBytes: number): SceneFile => ({
  path: name,
  sha256: sha256(bytesOf(name, sizeBytes)),
  sizeBytes,
});

const fetchFile: FetchFile = async ({ path, sizeBytes }) => {
  fetched.push(path);
  return Readable.from([bytesOf(path, sizeBytes)]);
};

const open = (limitBytes = 1_000) => SceneCache.open({ folder, limitBytes, log: silent });
const never = new AbortController().signal;
const filesOnDisk = async () => (await readdir(folder)).filter((name) => name !== 'arriving').sort();

it('fetches a file once, and finds it again in the next process', async () => {
  const file = fileOf('a', 10);
  const cache = await open();
  const held = await cache.hold([file], fetchFile, never);
  expect(held.fetchedBytes).toBe(10);
  expect(await readFile(held.files.get('a')?.diskPath ?? '')).toEqual(bytesOf('a', 10));
  held.release();
  expect((await cache.hold([file], fetchFile, never)).fetchedBytes).toBe(0);
  const next = await open();
  expect(next.sizeBytes).toBe(10);
  expect((await next.hold([file], fetchFile, never)).fetchedBytes).toBe(0);
  expect(fetched).toEqual(['a']);
});

it('fetches once for all who ask meanwhile, under any path', async () => {
  const cache = await open();
  const file = fileOf('a', 10);
  const other = { ...file, path: 'b/copy' };
  const [one, two] = await Promise.all([
    cache.hold([file, other], fetchFile, never),
    cache.hold([file], fetchFile, never),
  ]);
  expect(fetched).toEqual(['a']);
  expect([...one.files.keys()].sort()).toEqual(['a', 'b/copy']);
  expect(two.files.size).toBe(1);
  expect(cache.sizeBytes).toBe(10);
});

it('tries for itself when the fetch that it waited for fails', async () => {
  const cache = await open();
  const file = fileOf('a', 10);
  let isFirst = true;
  const flaky: FetchFile = async (wanted, signal) => {
    if (!isFirst) return fetchFile(wanted, signal);
    isFirst = false;
    throw new Error('the lease of the first asker is over');
  };
  const [first, second] = await Promise.allSettled([
    cache.hold([file], flaky, never),
    cache.hold([file], flaky, never),
  ]);
  expect(first.status).toBe('rejected');
  expect(second.status).toBe('fulfilled');
});

it.each([
  ['other bytes', (size: number) => Buffer.alloc(size, 'x')],
  ['fewer bytes', (size: number) => bytesOf('a', size - 1)],
  ['more bytes', (size: number) => bytesOf('a', size + 1)],
])('refuses a file that arrives with %s, and keeps nothing of it', async (_what, arriving) => {
  const cache = await open();
  const wrong: FetchFile = async ({ sizeBytes }) => Readable.from([arriving(sizeBytes)]);
  await expect(cache.hold([fileOf('a', 10)], wrong, never)).rejects.toMatchObject({ code: 'upload.hash_mismatch' });
  expect(await filesOnDisk()).toEqual([]);
  expect(await readdir(join(folder, 'arriving'))).toEqual([]);
  expect(cache.sizeBytes).toBe(0);
});

it('keeps nothing of a fetch that is cut off', async () => {
  const cache = await open();
  const cut: FetchFile = async () =>
    Readable.from(
      (async function* () {
        yield Buffer.from('aaa');
        throw new Error('connection reset');
      })(),
    );
  await expect(cache.hold([fileOf('a', 10)], cut, never)).rejects.toThrow('connection reset');
  expect(await filesOnDisk()).toEqual([]);
});

it('fetches again what was damaged on disk', async () => {
  const file = fileOf('a', 10);
  (await (await open()).hold([file], fetchFile, never)).release();
  await writeFile(join(folder, file.sha256), bytesOf('z', 10));
  const held = await (await open()).hold([file], fetchFile, never);
  expect(held.fetchedBytes).toBe(10);
  expect(await readFile(held.files.get('a')?.diskPath ?? '')).toEqual(bytesOf('a', 10));
});

it.each([
  ['a file that was deleted', (file: SceneFile) => rm(join(folder, file.sha256))],
  ['a file that was cut short', (file: SceneFile) => writeFile(join(folder, file.sha256), 'a')],
  ['everything', () => rm(folder, { recursive: true })],
])('fetches again %s while the worker runs', async (_what, harm) => {
  const file = fileOf('a', 10);
  const cache = await open();
  const before = await cache.hold([file], fetchFile, never);
  await harm(file);
  const [held, other] = await Promise.all([cache.hold([file], fetchFile, never), cache.hold([file], fetchFile, never)]);
  expect(await readFile(held.files.get('a')?.diskPath ?? '')).toEqual(bytesOf('a', 10));
  expect(held.fetchedBytes + other.fetchedBytes).toBe(10);
  expect(cache.sizeBytes).toBe(10);
  // Who held the file that is gone does not let go of the one that is there.
  before.release();
  other.release();
  await expect(cache.hold([fileOf('b', 995)], fetchFile, never)).rejects.toMatchObject({ code: 'storage.full' });
  held.release();
});

it('removes what a killed process left half-written', async () => {
  await open();
  await writeFile(join(folder, 'arriving', 'half'), 'half');
  const cache = await open();
  expect(await readdir(join(folder, 'arriving'))).toEqual([]);
  expect(cache.sizeBytes).toBe(0);
});

it('at the limit drops what was used longest ago, never what is held', async () => {
  const cache = await open(30);
  const [a, b, c] = [fileOf('a', 10), fileOf('b', 10), fileOf('c', 10)];
  const heldA = await cache.hold([a], fetchFile, never);
  (await cache.hold([b], fetchFile, never)).release();
  await new Promise((resolve) => setTimeout(resolve, 5));
  (await cache.hold([c], fetchFile, never)).release();
  expect(cache.sizeBytes).toBe(30);
  (await cache.hold([fileOf('d', 10)], fetchFile, never)).release();
  expect(await filesOnDisk()).toEqual([a.sha256, c.sha256, fileOf('d', 10).sha256].sort());
  heldA.release();
  await expect(cache.hold([fileOf('e', 31)], fetchFile, never)).rejects.toMatchObject({ code: 'storage.full' });
  expect(cache.sizeBytes).toBeLessThanOrEqual(30);
});

it('refuses a scene that does not fit beside what is held, and gives back what it had begun', async () => {
  const cache = await open(30);
  const held = await cache.hold([fileOf('a', 20)], fetchFile, never);
  const scene = [fileOf('b', 10), fileOf('c', 10)];
  await expect(cache.hold(scene, fetchFile, never)).rejects.toMatchObject({ code: 'storage.full' });
  held.release();
  expect((await cache.hold(scene, fetchFile, never)).files.size).toBe(2);
  expect(cache.sizeBytes).toBeLessThanOrEqual(30);
});

it('keeps to a limit that was lowered since the last process', async () => {
  const files = [fileOf('a', 10), fileOf('b', 10), fileOf('c', 10)];
  (await (await open()).hold(files, fetchFile, never)).release();
  expect((await open(15)).sizeBytes).toBe(10);
});

it('stops when the attempt does', async () => {
  const cache = await open();
  const over = new AbortController();
  const endless: FetchFile = async () => new Readable({ read() {} });
  const holding = cache.hold([fileOf('a', 10)], endless, over.signal);
  setTimeout(() => over.abort(new Error('stopped')), 20);
  await expect(holding).rejects.toThrow();
  expect(await filesOnDisk()).toEqual([]);
});
