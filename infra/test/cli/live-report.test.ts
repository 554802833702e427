import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Picture, PictureHeader } from '@kiln/shared';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LiveReport, type PictureLine } from '../../src/cli/live/live-report.ts';

const SIZE = { widthPx: 64, heightPx: 36 };
const HEADER: PictureHeader = {
  ...{ sequence: 1, input: 0, codec: 'jpeg', moving: true, final: false, lastTile: true, better: false, samples: 1 },
  ...{ ...SIZE, tile: { x: 0, y: 0, ...SIZE }, depth: null, near: 0.1, far: 10 },
  pose: { position: [0, 0, 3], quaternion: [0, 0, 0, 1], fovDeg: 40 },
  stages: { inputWait: 0, draw: 1_000, readBack: 0, encode: 0, workerQueue: 0, relay: 0 },
  drawEndMs: 0,
};
const picture = (sequence: number, text: string): Picture => ({
  header: { ...HEADER, sequence },
  colour: Buffer.from(text),
  depth: Buffer.alloc(0),
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiln-live-report-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('[LV9] pictures of a worker that takes over, which counts from 1 again, take the place of none', async () => {
  const lines: PictureLine[] = [];
  const report = new LiveReport(folder, (line) => lines.push(line));
  const all = [picture(1, 'a'), picture(3, 'b'), picture(1, 'c'), picture(2, 'd'), picture(2, 'e')];
  for (const one of all) await report.take(one, { atMs: 1, latencyMs: null, bytes: 1 });
  expect(lines.map(({ sequence }) => sequence)).toEqual([1, 3, 4, 5, 7]);
  const files = await readdir(folder);
  expect(files.sort()).toEqual(['000001.jpg', '000003.jpg', '000004.jpg', '000005.jpg', '000007.jpg']);
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  expect(texts).toEqual(['a', 'b', 'c', 'd', 'e']);
});
