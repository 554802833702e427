/** [LV28] The first picture of a movement takes no longer than the next: what it needs was made ready before. */
import { decodePicture, KilnError, type LiveView } from '@kiln/shared';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LiveSession } from '../../src/live/live-session.ts';
import { silent } from '../support/silent.ts';
import { poseAt, RefiningStage, view } from './fake-stage.ts';

const warped: LiveView = { ...view, depth: true };

let stage: RefiningStage;
let session: LiveSession;
let pictures: ReturnType<typeof decodePicture>['header'][];

beforeEach(() => {
  vi.useFakeTimers();
  stage = new RefiningStage();
  pictures = [];
  session = new LiveSession({
    ...{ stage, clock: stage.clock, log: silent, sendSums: async () => {} },
    port: { message: () => {}, picture: (bytes) => pictures.push(decodePicture(bytes).header) },
  });
  void session.run().catch(() => {});
});

afterEach(async () => {
  session.end();
  await vi.advanceTimersByTimeAsync(60_000);
  vi.useRealTimers();
});

const start = (wanted: LiveView) =>
  session.start({
    ...{ type: 'start', protocol: 1, view: wanted, codecs: ['jpeg', 'webp', 'png'], pose: poseAt(1), input: 0 },
    moving: false,
  });

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 20) {
    await vi.advanceTimersByTimeAsync(20);
    session.receive({ type: 'ack', picture: pictures.at(-1)?.sequence ?? 0, decodeMs: 1, uploadMs: 1 });
  }
}

const move = (input: number) => session.receive({ type: 'pose', input, pose: poseAt(input), moving: true });

it.each([
  ['that is drawn once', warped, 1],
  ['that gets better', { ...warped, samples: 16 }, 2],
  ['that gets better in tiles', { ...warped, samples: 16, tiles: true }, 1],
])('is drawn once, for nobody, when a view %s has been sent', async (_, wanted, after) => {
  start(wanted);
  await pass(3_000);
  const moving = stage.drawn.filter(({ isMoving }) => isMoving);
  expect(moving).toHaveLength(1);
  // As it will be then: with what is around the view.
  expect(moving[0]?.pose.fovDeg).toBeGreaterThan(poseAt(1).fovDeg);
  expect(stage.drawn.indexOf(moving[0] as never)).toBe(after);
  expect(pictures.filter(({ moving: isMoving }) => isMoving)).toEqual([]);
  expect(pictures.at(-1)).toMatchObject({ final: true, samples: wanted.samples });
  move(2);
  await pass(500);
  expect(pictures.at(-1)).toMatchObject({ input: 2 });
});

it('is not drawn where the view is not warped, nor once the hand has moved', async () => {
  start(view);
  await pass(1_000);
  expect(stage.drawn.filter(({ isMoving }) => isMoving)).toEqual([]);
  session.receive({ type: 'view', input: 1, view: warped });
  move(2);
  await pass(40);
  const moved = stage.drawn.filter(({ isMoving }) => isMoving).length;
  expect(moved).toBe(1);
  session.receive({ type: 'pose', input: 3, pose: poseAt(3), moving: false });
  await pass(1_000);
  expect(stage.drawn.filter(({ isMoving }) => isMoving)).toHaveLength(moved);
});

it('lets a hand go before that moves while it waits for its turn', async () => {
  start(warped);
  await vi.advanceTimersByTimeAsync(20);
  const turn = stage.turns.take('live', new AbortController().signal);
  await pass(100);
  const letGo = await turn;
  expect(pictures).toHaveLength(1);
  move(2);
  await vi.advanceTimersByTimeAsync(1);
  letGo();
  await pass(200);
  expect(stage.drawn.filter(({ isMoving }) => isMoving).map(({ pose }) => pose.position[0])).toEqual([2]);
});

it('says nothing of how long pictures take, and nobody is told when it fails', async () => {
  start(warped);
  await vi.advanceTimersByTimeAsync(20);
  // The next that is drawn.
  stage.drawMs = 1_000;
  stage.failure = new KilnError('render.failed', 'no memory');
  await pass(1_500);
  stage.drawMs = 20;
  move(2);
  await pass(100);
  expect(pictures.at(-1)).toMatchObject({ input: 2, moving: true, widthPx: view.size.widthPx });
});
