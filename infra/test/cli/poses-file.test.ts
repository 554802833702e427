import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPoses } from '../../src/cli/live/poses-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-poses-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const POSES = [
  { atMs: 0, position: [3, 1, 3], target: [0, 0, 0], fovDeg: 40 },
  { atMs: 40, position: [3, 1, 2], quaternion: [0, 0, 0, 1], fovDeg: 40, moving: false },
];

function read(content: string) {
  const path = join(folder, 'poses.json');
  writeFileSync(path, content);
  return readPoses(path);
}

test('is a list, an object that has it, or lines', async () => {
  expect(await read(JSON.stringify(POSES))).toEqual({ poses: POSES });
  expect(await read(JSON.stringify({ poses: POSES }, null, 2))).toEqual({ poses: POSES });
  expect(await read(`${POSES.map((pose) => JSON.stringify(pose)).join('\n')}\n\n`)).toEqual({ poses: POSES });
  expect(await read(JSON.stringify(POSES[0]))).toEqual({ poses: POSES.slice(0, 1) });
});

test('of a recorded session has what was shown, and when', async () => {
  const frames = [
    { atMs: 0, frameNumber: 1 },
    { atMs: 30, frameNumber: 2 },
  ];
  const session = { poses: POSES, views: [], frames };
  expect(await read(JSON.stringify(session))).toEqual(session);
  const backwards = { ...session, frames: frames.toReversed() };
  await expect(read(JSON.stringify(backwards))).rejects.toThrow(/\/frames\/1\/atMs: expected 30 or later, got 0/);
});

test.each([
  ['no JSON', 'hello', /no JSON/],
  ['nothing', '', /poses/],
  ['a pose without a place', JSON.stringify([{ atMs: 0, target: [0, 0, 0], fovDeg: 40 }]), /\/poses\/0/],
  ['a time that goes back', JSON.stringify([POSES[1], POSES[0]]), /\/poses\/1\/atMs: expected 40 or later, got 0/],
])('of %s is refused, naming the file and the place', async (_what, content, message) => {
  const refused = await read(content).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'request.invalid', field: '--poses' });
  expect(String(refused)).toMatch(message);
  expect(String(refused)).toContain('poses.json');
});

test('that is not there is named', async () => {
  await expect(readPoses(join(folder, 'none.json'))).rejects.toMatchObject({
    code: 'request.invalid',
    field: '--poses',
  });
});
