/** [LV37] What viewers ask of the pictures that they see. */
import { KilnError, type ServerMessage, type SessionStart } from '@kiln/shared';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WORKER_LIMITS } from '../../src/limits.ts';
import { LiveSession } from '../../src/live/live-session.ts';
import { silent } from '../support/silent.ts';
import { BOX, FakeStage, poseAt, view } from './fake-stage.ts';

let stage: FakeStage;
let session: LiveSession;
let answers: Extract<ServerMessage, { type: 'picked' }>[];
let pictures: number;
let run: Promise<void>;

beforeEach(() => {
  vi.useFakeTimers();
  stage = new FakeStage();
  [answers, pictures] = [[], 0];
  session = new LiveSession({
    stage,
    clock: stage.clock,
    log: silent,
    sendSums: async () => {},
    port: {
      message: (message) => message.type === 'picked' && answers.push(message),
      picture: () => pictures++,
    },
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

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

async function start(overrides: Partial<SessionStart> = {}): Promise<void> {
  session.start({
    ...{ type: 'start', protocol: 1, view, codecs: ['jpeg'], pose: poseAt(0), input: 0, moving: false },
    ...overrides,
  });
  await pass(100);
}

const ask = (request: number, more: object = {}) =>
  session.receive({ type: 'pick', request, input: 0, x: 0.25, y: 0.5, ...more });

it('answers each question with its number, null where nothing stands, and draws no picture for it', async () => {
  await start();
  const before = pictures;
  ask(7);
  ask(8, { x: 0.75 });
  await pass(100);
  expect(answers).toEqual([
    { type: 'picked', request: 7, surface: BOX },
    { type: 'picked', request: 8, surface: null },
  ]);
  expect(stage.picked[0]).toEqual({ sceneHash: stage.sceneHash, view, pose: poseAt(0), aspect: null, x: 0.25, y: 0.5 });
  expect(pictures).toBe(before);
});

it('asks of the picture that was seen, though newer inputs have come and were drawn', async () => {
  await start();
  const later = { ...view, frameNumber: 12, hide: ['Box'] };
  session.receive({ type: 'view', input: 1, view: later });
  session.receive({ type: 'pose', input: 2, pose: poseAt(9), moving: false });
  await pass(400);
  session.receive({ type: 'ack', picture: 2, decodeMs: 1, uploadMs: 1 });
  await pass(400);
  ask(1);
  ask(2, { input: 2 });
  const from = { pose: poseAt(4), aspect: 2 };
  ask(3, { input: 0, from });
  // Of a picture that was never drawn: of the newest.
  ask(4, { input: 1_000 });
  await pass(100);
  expect(stage.picked.map((order) => [order.view, order.pose, order.aspect])).toEqual([
    [view, poseAt(0), null],
    [later, poseAt(9), null],
    [view, poseAt(4), 2],
    [later, poseAt(9), null],
  ]);
});

it('[LV26] looks through a camera that the view names, wherever the viewer is', async () => {
  await start({ view: { ...view, camera: 'Close' } });
  ask(1, { from: { pose: poseAt(4), aspect: 2 } });
  await pass(100);
  expect(stage.picked[0]).toMatchObject({ view: { camera: 'Close' }, pose: poseAt(0), aspect: null });
});

it('answers while the hand moves, between pictures', async () => {
  stage.drawMs = 50;
  await start();
  for (let input = 1; input <= 20; input++) {
    session.receive({ type: 'pose', input, pose: poseAt(input), moving: true });
    if (input === 10) ask(1, { input: 0 });
    await pass(20);
    for (let picture = 1; picture <= pictures; picture++) {
      session.receive({ type: 'ack', picture, decodeMs: 1, uploadMs: 1 });
    }
  }
  expect(answers).toHaveLength(1);
  expect(pictures).toBeGreaterThan(3);
});

it('answers with an error before anything was drawn, where the view cannot be staged, and when its page is lost', async () => {
  await start({ pose: null });
  ask(1);
  await pass(10);
  session.receive({ type: 'pose', input: 1, pose: poseAt(1), moving: false });
  await pass(100);
  stage.failure = new KilnError('job.unsupported', 'The scene shows no node "Bax".');
  ask(2);
  await pass(10);
  stage.failure = new KilnError('render.page_lost', 'crashed');
  ask(3);
  await pass(10);
  stage.failure = null;
  stage.lose(new KilnError('render.page_lost', 'crashed'));
  await pass(1);
  ask(4);
  await pass(1);
  expect(answers.map(({ request, surface, error }) => [request, surface, error?.code])).toEqual([
    [1, null, 'scene.not_ready'],
    [2, null, 'job.unsupported'],
    [3, null, 'render.page_lost'],
    [4, null, 'scene.not_ready'],
  ]);
  await pass(1_000);
  ask(5, { input: 1 });
  await pass(10);
  expect(answers.at(-1)).toEqual({ type: 'picked', request: 5, surface: BOX });
});

it('refuses what is more than it keeps waiting, and answers the rest', async () => {
  await start();
  stage.pickMs = 100;
  for (let request = 1; request <= WORKER_LIMITS.waitingPicks + 2; request++) ask(request);
  await pass(1);
  expect(answers.map(({ request, error }) => [request, error?.code])).toEqual([
    [WORKER_LIMITS.waitingPicks + 1, 'request.too_many'],
    [WORKER_LIMITS.waitingPicks + 2, 'request.too_many'],
  ]);
  await pass(20_000);
  expect(answers).toHaveLength(WORKER_LIMITS.waitingPicks + 2);
});
