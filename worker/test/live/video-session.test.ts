/** [LV40] Moving pictures of a session as frames of a video. */
import { decodePicture, KilnError, type PictureHeader, type SessionStart } from '@kiln/shared';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LiveSession } from '../../src/live/live-session.ts';
import { silent } from '../support/silent.ts';
import { poseAt, RefiningStage, view } from './fake-stage.ts';

let stage: RefiningStage;
let pictures: PictureHeader[];
let session: LiveSession;
let run: Promise<void>;

beforeEach(() => {
  vi.useFakeTimers();
  stage = new RefiningStage();
  stage.videoCodecs = ['av1', 'vp9'];
  pictures = [];
  session = new LiveSession({
    stage,
    clock: stage.clock,
    log: silent,
    sendSums: async () => {},
    port: { message: () => {}, picture: (bytes) => void pictures.push(decodePicture(bytes).header) },
  });
  run = session.run();
  run.catch(() => {});
});

afterEach(async () => {
  session.end();
  await vi.advanceTimersByTimeAsync(60_000);
  await run.catch(() => {});
  vi.useRealTimers();
});

const start = (overrides: Partial<SessionStart> = {}) =>
  session.start({
    type: 'start',
    protocol: 1,
    view,
    codecs: ['vp9', 'h264', 'jpeg', 'png'],
    pose: null,
    input: 0,
    moving: false,
    ...overrides,
  });

/** Moves, and acknowledges each picture that comes. */
async function move(inputs: readonly number[], broken = false): Promise<void> {
  for (const input of inputs) {
    session.receive({ type: 'pose', input, pose: poseAt(input), moving: true });
    await vi.advanceTimersByTimeAsync(60);
    const picture = pictures.at(-1)?.sequence ?? 0;
    const isBroken = broken && input === inputs.at(-1);
    session.receive({ type: 'ack', picture, decodeMs: 2, uploadMs: 1, ...(isBroken && { broken: true }) });
  }
}

const kinds = () => pictures.map(({ codec, delta = false }) => `${codec}${delta ? '+' : ''}`);

it('[LV40] sends a key frame and what builds on it while the camera moves, and pictures at rest', async () => {
  start();
  await move([1, 2, 3]);
  expect(kinds()).toEqual(['vp9', 'vp9+', 'vp9+']);
  session.receive({ type: 'pose', input: 4, pose: poseAt(4), moving: false });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(pictures.at(-1)).toMatchObject({ codec: 'jpeg', moving: false, final: true });
  // What came between is not built on.
  const before = pictures.length;
  await move([5, 6]);
  expect(kinds().slice(before)).toEqual(['vp9', 'vp9+']);
});

it('[LV40] begins anew where the viewer could not read a frame, and when it comes back', async () => {
  start();
  await move([1, 2], true);
  await move([3, 4]);
  expect(kinds()).toEqual(['vp9', 'vp9+', 'vp9', 'vp9+']);
  start();
  await move([5]);
  expect(kinds().at(-1)).toBe('vp9');
});

it('[LV40] sends nothing that builds on what was not sent', async () => {
  start();
  await move([1]);
  stage.encodeMs = 500;
  session.receive({ type: 'pose', input: 2, pose: poseAt(2), moving: true });
  await vi.advanceTimersByTimeAsync(100);
  stage.failure = new KilnError('render.failed', 'the encoder is gone');
  session.receive({ type: 'pose', input: 3, pose: poseAt(3), moving: true });
  await vi.advanceTimersByTimeAsync(100);
  stage.encodeMs = 0;
  session.receive({ type: 'pose', input: 4, pose: poseAt(4), moving: true });
  await vi.advanceTimersByTimeAsync(100);
  for (const [at, { delta = false, sequence }] of pictures.entries()) {
    if (delta) expect(pictures[at - 1]?.sequence).toBe(sequence - 1);
  }
  expect(pictures.at(-1)).toMatchObject({ input: 4 });
  expect(kinds().at(-1)).toBe('vp9');
});

it('[LV40] has edges that are even', async () => {
  start({ view: { ...view, size: { widthPx: 333, heightPx: 187 } } });
  await move([1]);
  expect(pictures[0]).toMatchObject({ codec: 'vp9', widthPx: 334, heightPx: 188 });
});

it('[LV40] is a picture where the browser encodes none of the viewer’s codecs, and where it is see-through', async () => {
  start({ codecs: ['h264', 'jpeg'] });
  await move([1]);
  start({ view: { ...view, background: 'transparent' }, codecs: ['vp9', 'webp'] });
  await move([2]);
  expect(kinds()).toEqual(['jpeg', 'webp']);
});

it('[LV40] comes where the way is narrow, to a viewer that would rather have pictures', async () => {
  start({ codecs: ['jpeg', 'png', 'vp9'] });
  await move([1, 2, 3]);
  expect(new Set(kinds())).toEqual(new Set(['jpeg']));
  for (let input = 4; input < 60; input += 1) {
    session.receive({ type: 'pose', input, pose: poseAt(input), moving: true });
    await vi.advanceTimersByTimeAsync(50);
    if (input % 6 !== 0) continue;
    session.receive({ type: 'ack', picture: pictures.at(-1)?.sequence ?? 0, decodeMs: 2, uploadMs: 1 });
  }
  expect(kinds()).toContainEqual(expect.stringMatching(/^vp9/));
});

it('[LV40] is given up where the viewer reads none of it', async () => {
  start();
  for (const input of [1, 2, 3]) await move([input], true);
  const before = pictures.length;
  await move([4, 5]);
  expect(kinds().slice(0, before)).toEqual(['vp9', 'vp9', 'vp9']);
  expect(kinds().slice(before)).toEqual(['jpeg', 'jpeg']);
  start();
  await move([6]);
  expect(kinds().at(-1)).toBe('vp9');
});

it('[LV40] is given up where only key frames can be read', async () => {
  start();
  for (const input of [1, 3, 5]) await move([input, input + 1], true);
  expect(kinds()).toEqual(['vp9', 'vp9+', 'vp9', 'vp9+', 'vp9', 'vp9+']);
  await move([7, 8]);
  expect(kinds().slice(6)).toEqual(['jpeg', 'jpeg']);
});

it('[LV40] one mishap is one, however many frames are told of, and after many good frames none', async () => {
  start();
  // Several frames are under way when the first of them cannot be read: each is told of.
  const mishap = async (input: number) => {
    for (const at of [input, input + 1]) {
      session.receive({ type: 'pose', input: at, pose: poseAt(at), moving: true });
      await vi.advanceTimersByTimeAsync(60);
    }
    for (const { sequence } of pictures.slice(-2))
      session.receive({ type: 'ack', picture: sequence, decodeMs: 0, uploadMs: 0, broken: true });
  };
  for (let round = 0; round < 5; round += 1) {
    await mishap(1 + round * 20);
    const before = pictures.length;
    await move(Array.from({ length: 14 }, (_, i) => 3 + round * 20 + i));
    // One key frame is enough.
    expect(kinds().slice(before)).toEqual(['vp9', ...new Array(13).fill('vp9+')]);
  }
});
