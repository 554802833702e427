import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { framesOf, readCameraPath } from '../../src/cli/render/camera-path-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-path-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const KEYS = [
  { frame: 0, position: [4, 1, 4], target: [0, 0, 0], focalLengthMm: 35 },
  { frame: 24, position: [-4, 1, 4], target: [0, 0, 0], focalLengthMm: 50 },
];

function read(content: string) {
  const path = join(folder, 'path.json');
  writeFileSync(path, content);
  return readCameraPath(path);
}

test('a list of keys is a path, and so is an object that says more', async () => {
  expect(await read(JSON.stringify(KEYS))).toEqual({ path: KEYS });
  const straight = { path: KEYS, interpolation: 'linear' };
  expect(await read(JSON.stringify(straight))).toEqual(straight);
});

test('a recorded session is the path that its camera took', async () => {
  const poses = [0, 500, 1_000].map((atMs) => ({
    atMs,
    position: [atMs / 1_000, 1, 4],
    target: [0, 0, 0],
    fovDeg: 40,
  }));
  const { path } = await read(JSON.stringify({ poses, views: [], frames: [] }));
  expect(path.map(({ timeSec, position }) => [timeSec, position])).toEqual([
    [0, [0, 1, 4]],
    [1, [1, 1, 4]],
  ]);
});

test.each([
  ['{', 'no JSON'],
  ['[]', '/path'],
  [JSON.stringify([...KEYS].reverse()), '/path/1/frame: expected a time after'],
  [JSON.stringify([{ ...KEYS[0], target: [4, 1, 4] }]), '/path/0/target: expected a target away'],
  [JSON.stringify([{ ...KEYS[0], zoom: 2 }]), '/path/0/zoom'],
])('%s is refused with the file and the place', async (content, says) => {
  await expect(read(content)).rejects.toMatchObject({
    field: '--camera-path',
    message: expect.stringMatching(new RegExp(`path\\.json: .*${says}`)),
  });
});

test('without --frames all of the path is rendered', async () => {
  const path = await read(JSON.stringify(KEYS));
  expect(framesOf({}, [path])).toEqual({ frames: '0-24' });
  expect(framesOf({ frames: '3' }, [path])).toEqual({});
  expect(framesOf({ turntable: true }, [path])).toEqual({});
  expect(framesOf({}, [])).toEqual({});
});
