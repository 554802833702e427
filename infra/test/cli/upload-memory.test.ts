import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreviousUpload } from 'tus-js-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UploadMemory } from '../../src/cli/scene/upload-memory.ts';

let folder: string;
const path = () => join(folder, 'cache', 'uploads.json');
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-uploads-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const upload = (uploadUrl: string, creationTime = new Date().toISOString()): PreviousUpload => ({
  uploadUrl,
  creationTime,
  size: 10,
  metadata: {},
  urlStorageKey: '',
  parallelUploadUrls: null,
});

test('uploads noted at the same time are all found again by another command', async () => {
  const memory = new UploadMemory(path());
  await Promise.all(['a', 'b', 'c'].map((name) => memory.addUpload(name, upload(`http://farm/${name}`))));
  await memory.removeUpload('b');
  const later = new UploadMemory(path());
  expect((await later.findUploadsByFingerprint('a')).map(({ uploadUrl }) => uploadUrl)).toEqual(['http://farm/a']);
  expect(await later.findUploadsByFingerprint('b')).toEqual([]);
  expect(await later.findAllUploads()).toHaveLength(2);
  expect(readdirSync(join(folder, 'cache'))).toEqual(['uploads.json']);
});

test('notes that are a week old, or damaged, are forgotten', async () => {
  const memory = new UploadMemory(path());
  await memory.addUpload('old', upload('http://farm/old', '2020-01-01T00:00:00Z'));
  expect(await memory.findAllUploads()).toEqual([]);
  writeFileSync(path(), '{"x":1');
  expect(await memory.findAllUploads()).toEqual([]);
});

test('a folder that cannot be written stops nothing', async () => {
  writeFileSync(join(folder, 'cache'), 'a file is in the way');
  await expect(new UploadMemory(path()).addUpload('a', upload('http://farm/a'))).resolves.toBe('a');
});
