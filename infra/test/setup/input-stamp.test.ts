import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildUnlessStamped } from '../../src/setup/input-stamp.ts';

let root: string;
let builds = 0;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kiln-build-'));
  builds = 0;
  mkdirSync(join(root, 'src'));
  writeFileSync(join(root, 'src', 'main.ts'), 'one');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const folder = () => ({
  output: join(root, 'dist', 'app'),
  stampFile: join(root, 'dist', 'app.stamp'),
  inputs: [join(root, 'src')],
});
async function buildInto(target: string): Promise<void> {
  builds += 1;
  mkdirSync(target);
  writeFileSync(join(target, 'index.html'), `build ${builds}`);
}
const built = () => readFileSync(join(root, 'dist', 'app', 'index.html'), 'utf8');

test('builds once of the same inputs, and again of others', async () => {
  expect(await buildUnlessStamped(folder(), buildInto)).toBe(true);
  expect(await buildUnlessStamped(folder(), buildInto)).toBe(false);
  writeFileSync(join(root, 'src', 'main.ts'), 'two');
  expect(await buildUnlessStamped(folder(), buildInto)).toBe(true);
  expect(built()).toBe('build 2');
  expect(readdirSync(join(root, 'dist')).sort()).toEqual(['app', 'app.stamp']);
});

test('builds again what was deleted', async () => {
  await buildUnlessStamped(folder(), buildInto);
  rmSync(folder().output, { recursive: true });
  expect(await buildUnlessStamped(folder(), buildInto)).toBe(true);
  expect(built()).toBe('build 2');
});

test('a build that fails leaves the last one, and is tried again', async () => {
  await buildUnlessStamped(folder(), buildInto);
  const source = join(root, 'src', 'main.ts');
  writeFileSync(source, 'broken');
  const failing = async (target: string) => {
    await buildInto(target);
    throw new Error('no');
  };
  await expect(buildUnlessStamped(folder(), failing)).rejects.toThrow('no');
  expect(built()).toBe('build 1');
  // Also when the inputs are those of the last good build: nobody knows what was cut off.
  writeFileSync(source, 'one');
  expect(await buildUnlessStamped(folder(), buildInto)).toBe(true);
  expect(existsSync(folder().stampFile)).toBe(true);
});

test('a build without an index.html is none', async () => {
  await expect(buildUnlessStamped(folder(), async (target) => void mkdirSync(target))).rejects.toThrow('index.html');
  expect(existsSync(folder().output)).toBe(false);
});
