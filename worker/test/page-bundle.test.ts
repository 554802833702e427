import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { buildPage } from '../src/page-bundle.ts';

let top: string;
let folder: string;

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'kiln-test-'));
  folder = join(top, 'page');
});

afterEach(() => rm(top, { recursive: true, force: true }));

const isWhole = () => ['index.html', 'main.js'].every((name) => existsSync(join(folder, name)));

it('is built by many at once, each finding it whole, while the one before is served', async () => {
  await mkdir(folder);
  for (const name of ['index.html', 'main.js', 'built-of.txt']) await writeFile(join(folder, name), 'of old sources');
  let isBuilding = true;
  const builds = Promise.all([buildPage(folder), buildPage(folder)]).finally(() => {
    isBuilding = false;
  });
  while (isBuilding) {
    expect(isWhole()).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await builds;
  expect(existsSync(join(folder, 'built-in', 'environments/studio.exr'))).toBe(true);
  expect(await readdir(top)).toEqual(['page']);
});
