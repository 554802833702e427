import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PartsFile } from '../../src/page-host/parts-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiln-test-parts-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const newFile = (maxBytes = 100) => new PartsFile(join(folder, 'file'), maxBytes);

async function* bytes(...chunks: string[]) {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

it('puts parts in their places, the head last, and hashes what is there', async () => {
  const file = newFile();
  await file.write(4, bytes('mid', 'dle'));
  await file.write(10, bytes('end'));
  await file.write(0, bytes('head'));
  const received = await file.finish();
  const content = 'headmiddleend';
  expect(received).toMatchObject({ sizeBytes: content.length });
  expect(received?.sha256).toBe(createHash('sha256').update(content).digest('hex'));
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe(content);
});

it('is none when nothing came', async () => {
  expect(await newFile().finish()).toBeNull();
});

it('takes as many bytes as it may have, and no more', async () => {
  const file = newFile(5);
  await file.write(0, bytes('12345'));
  await expect(file.write(5, bytes('6'))).rejects.toThrow('more than 5 bytes');
  await file.close();
});

it.each([
  ['a gap', 3],
  ['a part that came twice', 1],
])('is refused with %s', async (_what, position) => {
  const file = newFile();
  await file.write(0, bytes('12'));
  await file.write(position, bytes('34'));
  await expect(file.finish()).rejects.toThrow('the parts of a file are 4 bytes');
});
