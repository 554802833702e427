/** `kiln live`: a live view without a browser, of a real farm. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LiveView, matches, PosePath } from '@kiln/shared';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { kiln } from './support/kiln.ts';
import { readPixels } from './support/pixels.ts';
import { boxScene } from './support/scenes.ts';

/** Ends what hangs; no measurement. */
const HANGS_MS = 400_000;
vi.setConfig({ testTimeout: HANGS_MS, hookTimeout: HANGS_MS });

let farm: TrialFarm;
let scene: string;

beforeAll(async () => {
  farm = await startTrialFarm();
  scene = join(farm.home, 'box.glb');
  await writeFile(scene, boxScene([1, 0, 0]));
});
afterAll(() => farm?.remove());

const VIEW: LiveView = {
  ...{ samples: 1, clip: null, fps: 24, toneMapping: 'neutral', exposureEv: 0, background: 'neutral' },
  ...{ size: { widthPx: 640, heightPx: 360 }, frameNumber: 0 },
};
const poses = Array.from({ length: 8 }, (_, index) => ({
  atMs: index * 50,
  position: [4 * Math.sin(index / 4), 1, 4 * Math.cos(index / 4)],
  target: [0, 0, 0],
  fovDeg: 40,
}));

/** @returns its path. */
async function file(name: string, content: string): Promise<string> {
  await writeFile(join(farm.home, name), content);
  return join(farm.home, name);
}

test('follows a path, and keeps each picture, to the final one of its last pose', async () => {
  const out = join(farm.home, 'view');
  const path = await file('poses.jsonl', poses.map((pose) => JSON.stringify(pose)).join('\n'));
  const how = ['--poses', path, '--size', '64x48', '--samples', '2', '--depth', '--out', out];
  const { code, lines, stderr } = await kiln(farm, 'live', scene, ...how, '--json');
  expect([code, stderr]).toEqual([0, '']);
  const pictures = lines.filter(({ event }) => event === 'picture');
  const inputs = pictures.map(({ input }) => Number(input));
  expect(inputs.toSorted((a, b) => a - b)).toEqual(inputs);
  const last = pictures.at(-1);
  expect(last).toMatchObject({ input: poses.length, final: true, widthPx: 64, heightPx: 48, samples: 2, tiles: 1 });
  expect(Number(last?.latencyMs)).toBeGreaterThan(0);
  expect(pictures.some(({ bytes }) => (bytes as { depth: number }).depth > 0)).toBe(true);
  expect((await readdir(out)).length).toBe(pictures.length);
  const [kept] = (last?.files ?? []) as string[];
  const { widthPx, heightPx } = await readPixels(String(kept));
  expect([widthPx, heightPx]).toEqual([64, 48]);
  expect(lines.at(-1)).toMatchObject({ event: 'done', pictures: pictures.length, tiles: 0 });
});

test('shows the scene from in front of it without a path, in a table', async () => {
  const { code, stdout } = await kiln(farm, 'live', scene, '--size', '32x32', '--samples', '1', '--codec', 'png');
  expect(code).toBe(0);
  const rows = stdout.trim().split('\n');
  expect(rows[0]).toMatch(/^PICTURE +INPUT +AT +LATENCY +DRAW +ENCODE +SIZE +SAMPLES +TILES +BYTES$/);
  expect(rows.at(-2)).toMatch(/32x32 +1 +- .* final$/);
  expect(rows.at(-1)).toMatch(/^\d+ pictures? in .*from input to picture/);
});

test('[LV30] with tiles, its last PNG has the pixels of the frame that the farm renders of the view', async () => {
  const size = ['--size', '480x270'];
  const views = [{ atMs: 0, view: { ...VIEW, camera: 'auto', samples: 6, exposureEv: 1 } }];
  const session = await file('auto.json', JSON.stringify({ poses: poses.slice(0, 1), views }));
  const out = join(farm.home, 'tiles');
  const { code, lines } = await kiln(
    farm,
    'live',
    scene,
    '--poses',
    session,
    ...size,
    '--tiles',
    '--out',
    out,
    '--json',
  );
  expect(code).toBe(0);
  const pictures = lines.filter(({ event }) => event === 'picture');
  expect(pictures[0]).toMatchObject({ better: false, samples: 1, tiles: 1, final: false });
  const better = pictures.filter((picture) => picture.better);
  const samples = better.map((picture) => Number(picture.samples));
  expect(samples).toEqual(samples.toSorted((a, b) => a - b));
  expect(pictures.at(-1)).toMatchObject({ better: true, samples: 6, final: true });
  const tiles = better.reduce((sum, picture) => sum + Number(picture.tiles), 0);
  expect(lines.at(-1)).toMatchObject({ event: 'done', tiles });
  expect(tiles).toBeGreaterThan(better.length);
  const kept = (await readdir(out)).sort();
  expect(kept).toHaveLength(pictures.length);
  const frames = join(farm.home, 'frames');
  await kiln(farm, 'render', scene, ...size, '--samples', '6', '--exposure', '1', '--frames', '0', '-o', frames);
  const [shown, frame] = await Promise.all(
    [join(out, kept.at(-1) ?? ''), join(frames, '0000.png')].map((path) => sharp(path).removeAlpha().raw().toBuffer()),
  );
  expect(frame && shown?.equals(frame)).toBe(true);
});

test('records what it showed, as the web app does, and plays what was recorded, what it showed too', async () => {
  const views = [
    { atMs: 0, view: { ...VIEW, exposureEv: -4 } },
    { atMs: 700, view: VIEW },
  ];
  const still = poses.slice(0, 1).flatMap((pose) => [pose, { ...pose, atMs: 1_000 }]);
  const session = await file('session.json', JSON.stringify({ poses: still, views }));
  const [out, record] = [join(farm.home, 'played'), join(farm.home, 'recorded.json')];
  const how = ['--size', '64x36', '--out', out, '--record', record];
  const { code, lines } = await kiln(farm, 'live', scene, '--poses', session, ...how, '--json');
  expect(code).toBe(0);
  const files = lines.flatMap(({ event, files }) => (event === 'picture' ? (files as string[]) : []));
  const [first, last] = await Promise.all([files[0], files.at(-1)].map((path) => readPixels(String(path))));
  expect(last?.at(0.5, 0.5).r).toBeGreaterThan((first?.at(0.5, 0.5).r ?? 255) + 50);

  const path: unknown = JSON.parse(await readFile(record, 'utf8'));
  if (!matches(PosePath, path)) throw new Error('no path was recorded');
  expect(path.views?.map(({ view }) => [view.exposureEv, view.size.widthPx])).toEqual([
    [-4, 64],
    [0, 64],
  ]);
  expect(path.views?.[1]?.atMs).toBeGreaterThan(600);
  expect(path.poses[0]).toMatchObject({ position: poses[0]?.position, target: [0, 0, 0], fovDeg: 40 });
  const again = await kiln(farm, 'live', scene, '--poses', record, '--size', '64x36', '--json');
  expect(again.lines.at(-1)).toMatchObject({ event: 'done' });
});

test('says what is wrong before it opens anything, and that a scene is not there', async () => {
  const bad = await kiln(farm, 'live', scene, '--size', '8x8');
  expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining('16 to 4096')]);
  const lossy = await kiln(farm, 'live', scene, '--tiles', '--out', farm.home, '--codec', 'jpeg');
  expect([lossy.code, lossy.stderr]).toEqual([2, expect.stringContaining('leave --codec jpeg away')]);
  const none = await kiln(farm, 'live', 'scn_00000000000000000000');
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('resource.not_found')]);
});
