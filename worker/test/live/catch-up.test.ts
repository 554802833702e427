/** [LV41] Who joins late gets a resting picture as it stands, and what is drawn goes on. */
import { decodePicture, type LiveView, type PictureCodec } from '@kiln/shared';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LiveSession } from '../../src/live/live-session.ts';
import { silent } from '../support/silent.ts';
import { poseAt, RefiningStage, view } from './fake-stage.ts';

const SAMPLES = 20;
const tiled: LiveView = { ...view, tiles: true, depth: true, samples: SAMPLES };
const CODECS: PictureCodec[] = ['webp', 'jpeg', 'png'];

let stage: RefiningStage;
let session: LiveSession;
let pictures: ReturnType<typeof decodePicture>[];

beforeEach(() => {
  vi.useFakeTimers();
  stage = new RefiningStage();
  stage.sampleMs = 20;
  stage.depth = { widthPx: 8, heightPx: 8, nearestM: 1, farthestM: 2, sizeBytes: 1 };
  pictures = [];
  session = new LiveSession({
    ...{ stage, clock: stage.clock, log: silent, sendSums: async () => {} },
    port: { message: () => {}, picture: (bytes) => pictures.push(decodePicture(bytes)) },
  });
  void session.run().catch(() => {});
});

afterEach(async () => {
  session.end();
  await vi.advanceTimersByTimeAsync(60_000);
  vi.useRealTimers();
});

const start = (more: Partial<LiveView> = {}, codecs = CODECS) =>
  session.start({
    ...{ type: 'start', protocol: 1, view: { ...tiled, ...more }, codecs, pose: poseAt(1), input: 0, moving: false },
  });

const acknowledge = () =>
  session.receive({ type: 'ack', picture: pictures.at(-1)?.header.sequence ?? 0, decodeMs: 1, uploadMs: 1 });

/** Draws on, and acknowledges all of it. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 20) {
    await vi.advanceTimersByTimeAsync(20);
    acknowledge();
  }
}

/** Until so many samples were shown. */
async function until(samples: number): Promise<void> {
  while ((pictures.at(-1)?.header.samples ?? 0) < samples) await pass(20);
}

const headers = () => pictures.map(({ header }) => header);

it('[LV41] sends it once, whole, with the depth of the first and the number of the newest, and draws on', async () => {
  start();
  await until(8);
  const newest = headers().at(-1)?.sequence;
  const before = pictures.length;
  session.receive({ type: 'refresh' });
  await until(SAMPLES);
  const [joined, ...after] = pictures.slice(before);
  expect(joined?.header).toMatchObject({ catchUp: true, better: false, samples: 8, final: false, codec: 'webp' });
  expect(joined?.header).toMatchObject({ sequence: newest, depth: { widthPx: 8 }, pose: poseAt(1) });
  expect([joined?.colour, joined?.depth].map((bytes) => [...(bytes ?? [])])).toEqual([[8], [3]]);
  expect(after.map(({ header }) => [header.better, header.samples])).toEqual([
    ...[true, true].map((better) => [better, 16]),
    ...[true, true].map((better) => [better, SAMPLES]),
  ]);
  expect(after[0]?.header.sequence).toBe((newest ?? 0) + 1);
  expect([stage.resting.length, stage.forgotten]).toEqual([1, 0]);
});

it('[LV41] sends a picture that is over without loss, and draws nothing', async () => {
  start();
  await until(SAMPLES);
  await pass(200);
  const before = { pictures: pictures.length, refined: stage.refined.length };
  session.receive({ type: 'refresh' });
  await pass(1_000);
  expect(headers().slice(before.pictures)).toMatchObject([
    { catchUp: true, samples: SAMPLES, final: true, codec: 'png' },
  ]);
  expect([stage.refined.length, stage.resting.length]).toEqual([before.refined, 1]);
});

it('[LV41] sends the first picture as it was while nothing better was shown', async () => {
  stage.sampleMs = 100_000;
  start();
  await pass(200);
  session.receive({ type: 'refresh' });
  await pass(20);
  expect(headers()).toMatchObject([{ samples: 1 }, { samples: 1, catchUp: true, sequence: 1 }]);
  expect(pictures[1]?.colour).toEqual(pictures[0]?.colour);
  expect([stage.resting.length, stage.forgotten]).toEqual([1, 0]);
});

it('[LV41] leaves out nothing that got better while it was written', async () => {
  start();
  await until(2);
  stage.standingMs = 60;
  session.receive({ type: 'refresh' });
  await pass(2_000);
  const order = headers().map(({ catchUp = false, samples }) => (catchUp ? -samples : samples));
  const at = order.findIndex((samples) => samples < 0);
  // Those before it are in it.
  expect(Math.max(...order.slice(0, at))).toBeLessThanOrEqual(-(order[at] ?? 0));
  expect(stage.stood.length).toBeGreaterThan(1);
  expect(order.at(-1)).toBe(SAMPLES);
});

it('[LV41] follows what all can read, and goes on with its samples', async () => {
  start({}, ['vp9', ...CODECS]);
  await until(4);
  const before = pictures.length;
  session.receive({ type: 'codecs', codecs: ['jpeg'] });
  session.receive({ type: 'refresh' });
  await until(SAMPLES);
  await pass(200);
  const later = headers().slice(before);
  expect(later[0]).toMatchObject({ catchUp: true, samples: 4, codec: 'jpeg' });
  // What was drawn by then comes as it was begun.
  expect(later.filter(({ samples }) => samples > 8).every(({ codec }) => codec === 'jpeg')).toBe(true);
  expect(headers().map(({ samples }) => samples)).toEqual(
    headers()
      .map(({ samples }) => samples)
      .toSorted((a, b) => a - b),
  );
  expect(stage.forgotten).toBe(0);
});

it('[LV41] begins anew where it is see-through for some only, or where its samples were let go', async () => {
  start({ background: 'transparent' });
  await until(4);
  session.receive({ type: 'codecs', codecs: ['jpeg'] });
  expect(stage.forgotten).toBe(1);
  await until(8);
  stage.isTrimmed = true;
  session.receive({ type: 'refresh' });
  await pass(100);
  expect(stage.forgotten).toBe(2);
  expect(headers().some(({ catchUp }) => catchUp)).toBe(false);
  await until(SAMPLES);
});

it('[LV35] draws a picture once more where it does not get better by tiles', async () => {
  start({ tiles: false, samples: 2 });
  await pass(400);
  session.receive({ type: 'refresh' });
  await pass(400);
  expect(headers().map(({ samples, final }) => [samples, final])).toEqual([
    [1, false],
    [2, true],
    [2, true],
  ]);
});

it('[LV22] whoever comes back to a resting view gets it as it stands, as the first picture, and what is drawn goes on', async () => {
  start();
  await until(8);
  const before = pictures.length;
  start();
  await pass(20);
  const [first, ...better] = headers().slice(before);
  expect(first).toMatchObject({ sequence: 1, better: false, moving: false, depth: { widthPx: 8 } });
  expect(first?.catchUp).toBeUndefined();
  expect(first?.samples).toBeGreaterThanOrEqual(8);
  expect(better.every((header) => header.better && header.sequence > 1)).toBe(true);
  await until(SAMPLES);
  const shown = headers().map(({ samples }) => samples);
  expect(shown).toEqual(shown.toSorted((a, b) => a - b));
  expect(pictures.at(-1)?.header.final).toBe(true);
});

it('[LV22] whoever comes back to a final picture gets that', async () => {
  start();
  await until(SAMPLES);
  await pass(200);
  const before = pictures.length;
  start();
  await pass(200);
  expect(headers().slice(before)).toMatchObject([{ sequence: 1, final: true, samples: SAMPLES, better: false }]);
});

it('[LV22] whoever comes back to another view sees that', async () => {
  start();
  await until(8);
  const before = pictures.length;
  start({ exposureEv: 1 });
  await pass(400);
  expect(pictures[before]?.header).toMatchObject({ sequence: 1, samples: 1 });
});

it('[LV5, LV22] a viewer that tells once more where its camera rests is answered with what is drawn already', async () => {
  start();
  await until(8);
  start();
  await pass(20);
  session.receive({ type: 'pose', input: 1, pose: poseAt(1), moving: false });
  const before = pictures.length;
  await until(SAMPLES);
  await pass(200);
  expect(
    Math.min(
      ...headers()
        .slice(before)
        .map(({ samples }) => samples),
    ),
  ).toBeGreaterThanOrEqual(8);
  expect(pictures.at(-1)?.header).toMatchObject({ input: 1, final: true, samples: SAMPLES });
  session.receive({ type: 'pose', input: 2, pose: poseAt(1), moving: false });
  await pass(200);
  expect(pictures.at(-1)?.header).toMatchObject({ input: 2, final: true, samples: SAMPLES, better: false });
  expect([stage.resting.length, stage.forgotten]).toEqual([1, 0]);
  session.receive({ type: 'pose', input: 3, pose: poseAt(2), moving: false });
  await pass(200);
  expect([stage.resting.length, stage.forgotten]).toEqual([2, 1]);
});
