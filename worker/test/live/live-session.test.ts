import { decodePicture, KilnError, type LiveView, type ServerMessage, type SessionStart } from '@kiln/shared';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WORKER_LIMITS } from '../../src/limits.ts';
import { LiveSession } from '../../src/live/live-session.ts';
import { silent } from '../support/silent.ts';

import { FakeStage, FIRST_WINDOW, poseAt, RefiningStage, STAND, view } from './fake-stage.ts';

let stage: RefiningStage;
let session: LiveSession;
let messages: ServerMessage[];
let pictures: ReturnType<typeof decodePicture>['header'][];
let payloads: (readonly [colour: number[], depth: number[]])[];
let run: Promise<void>;

beforeEach(() => {
  vi.useFakeTimers();
  stage = new RefiningStage();
  messages = [];
  pictures = [];
  payloads = [];
  session = new LiveSession({
    stage,
    clock: stage.clock,
    log: silent,
    sendSums,
    port: {
      message: (message) => message.type !== 'sums' && message.type !== 'drawn' && messages.push(message),
      picture: (bytes) => {
        const { header, colour, depth } = decodePicture(bytes);
        pictures.push(header);
        payloads.push([[...colour], [...depth]]);
      },
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

const sendSums = async () => {};

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

const start = (overrides: Partial<SessionStart> = {}) =>
  session.start({
    type: 'start',
    protocol: 1,
    view,
    codecs: ['jpeg', 'webp', 'png'],
    pose: null,
    input: 0,
    moving: false,
    ...overrides,
  });

const pose = (input: number, moving = true) => session.receive({ type: 'pose', input, pose: poseAt(input), moving });

const acknowledge = (picture = pictures.at(-1)?.sequence ?? 0) =>
  session.receive({ type: 'ack', picture, decodeMs: 1, uploadMs: 1 });

it('[LV17] announces the scene after every start, and draws nothing before the first pose', async () => {
  start();
  await pass(1_000);
  expect(messages.map((message) => message.type)).toEqual(['state', 'state', 'scene', 'state']);
  expect(messages.slice(0, 2)).toMatchObject([
    { state: 'loading-scene', progress: null },
    { state: 'loading-scene', progress: 0.5 },
  ]);
  expect(messages.at(-1)).toMatchObject({ type: 'state', state: 'live' });
  expect(stage.drawn).toEqual([]);
  start();
  await pass(1_000);
  expect(messages.filter((message) => message.type === 'scene')).toHaveLength(2);
  expect(stage.loads).toBe(1);
});

it('[LV5] answers an input with its number and the pose that was drawn', async () => {
  start();
  await pass(10);
  pose(7, false);
  await pass(100);
  expect(pictures).toHaveLength(1);
  expect(pictures[0]).toMatchObject({ sequence: 1, input: 7, final: true, moving: false, widthPx: 640, samples: 1 });
  expect(pictures[0]?.pose.position[0]).toBe(7);
  expect(pictures[0]?.stages).toMatchObject({ draw: 20_000, encode: 5_000 });
});

it('[LV26] says where the scene’s camera stood, and the viewer’s pose again when it leaves the camera out', async () => {
  start({ view: { ...view, camera: 'Close' }, pose: poseAt(0) });
  await pass(100);
  acknowledge();
  session.receive({ type: 'view', input: 1, view });
  await pass(1_000);
  expect(pictures[0]?.pose).toEqual(STAND);
  expect(pictures.at(-1)?.pose).toEqual(poseAt(0));
});

it('[LV28] shows a tenth more than the pose sees while moving where depth is wanted, and what it sees at rest', async () => {
  start({ view: { ...view, depth: true } });
  await pass(10);
  pose(1);
  await pass(100);
  acknowledge();
  pose(2, false);
  await pass(100);
  const tangents = stage.drawn.map((order) => Math.tan((order.pose.fovDeg * Math.PI) / 360));
  expect(tangents[0]).toBeCloseTo(1.1 * Math.tan((40 * Math.PI) / 360), 12);
  expect(stage.drawn.at(-1)?.pose).toEqual(poseAt(2));
  expect(stage.drawn.map(({ size }) => size)).toEqual([view.size, view.size]);
  expect(pictures.at(-1)).toMatchObject({ final: true, pose: poseAt(2) });
});

it('[LV28] shows what the pose sees where no depth is wanted', async () => {
  start();
  await pass(10);
  pose(1);
  await pass(100);
  expect(stage.drawn[0]?.pose).toEqual(poseAt(1));
});

it('[LV28] sends the depth behind the colour', async () => {
  const depth = { widthPx: 320, heightPx: 180, nearestM: 1, farthestM: 2, sizeBytes: 2 };
  stage.depth = depth;
  start({ view: { ...view, depth: true }, pose: poseAt(0) });
  await pass(100);
  const { sizeBytes: _, ...sent } = depth;
  expect(pictures[0]?.depth).toEqual(sent);
  expect(payloads).toEqual([[[1], [2, 3]]]);
});

it('[LV8] draws nothing after the final picture until the next input', async () => {
  start({ pose: poseAt(0) });
  await pass(100);
  acknowledge();
  await pass(60_000);
  expect(stage.drawn).toHaveLength(1);
  pose(1, false);
  await pass(100);
  expect(stage.drawn).toHaveLength(2);
});

it('[LV35] draws what is shown once more, with all its samples, when it is told to', async () => {
  start({ pose: poseAt(0), view: { ...view, samples: 2 } });
  await pass(200);
  acknowledge();
  session.receive({ type: 'refresh' });
  await pass(200);
  expect(stage.drawn.map(({ samples }) => samples)).toEqual([1, 2, 2]);
  expect(pictures.map(({ sequence, final }) => [sequence, final])).toEqual([
    [1, false],
    [2, true],
    [3, true],
  ]);
});

it('[LV35] draws a moving view once more when it is told to', async () => {
  start();
  await pass(10);
  pose(1);
  await pass(50);
  acknowledge();
  session.receive({ type: 'refresh' });
  await pass(50);
  expect(pictures.map(({ moving, input }) => [moving, input])).toEqual([
    [true, 1],
    [true, 1],
  ]);
});

it('[LV3] draws the latest pose, never one in between, nor an older one afterwards', async () => {
  stage.drawMs = 100;
  start({ pose: poseAt(0) });
  await pass(10);
  for (let input = 1; input <= 9; input++) pose(input);
  session.receive({ type: 'pose', input: 3, pose: poseAt(3), moving: true });
  await pass(200);
  expect(stage.drawn.map((order) => order.pose.position[0])).toEqual([0, 9]);
  expect(session.counts).toMatchObject({ inputs: 9, inputsReplaced: 8, picturesSent: 2 });
});

it('[LV7] has few pictures on their way to a viewer that does not acknowledge', async () => {
  start();
  await pass(10);
  for (let input = 1; input <= 200; input++) {
    pose(input);
    await pass(20);
  }
  expect(pictures).toHaveLength(FIRST_WINDOW);
  expect(stage.drawn).toHaveLength(FIRST_WINDOW);
  acknowledge(1);
  await pass(100);
  expect(pictures).toHaveLength(FIRST_WINDOW + 1);
  expect(pictures.at(-1)?.input).toBe(200);
  expect(session.counts).toMatchObject({ inputs: 200, mostPictures: FIRST_WINDOW, picturesDropped: 0 });
});

it('[LV6] takes an acknowledgement for all earlier pictures, and ignores one for what was not sent', async () => {
  start();
  await pass(10);
  for (let input = 1; input <= 10; input++) {
    pose(input);
    await pass(50);
  }
  acknowledge(99);
  await pass(100);
  expect(pictures).toHaveLength(2);
  acknowledge(2);
  pose(11);
  await pass(50);
  pose(12);
  await pass(50);
  expect(pictures).toHaveLength(4);
});

it('draws the next picture while the one before is encoded', async () => {
  stage.drawMs = 20;
  stage.encodeMs = 50;
  start();
  await pass(10);
  pose(1);
  await pass(21);
  pose(2);
  await pass(1);
  expect(stage.drawn).toHaveLength(2);
  expect(pictures).toHaveLength(0);
});

it('[LV8] draws smaller while moving where full size is too slow, and full again at rest', async () => {
  stage.drawMs = 131;
  start();
  await pass(10);
  for (let input = 1; input <= 40; input++) {
    pose(input);
    await pass(33);
    acknowledge();
  }
  const moving = pictures.filter((picture) => picture.moving);
  expect(moving.at(-1)?.widthPx).toBe(320);
  expect(moving.at(-1)?.heightPx).toBe(180);
  pose(41, false);
  await pass(400);
  expect(pictures.at(-1)).toMatchObject({ input: 41, widthPx: 640, heightPx: 360, final: true, moving: false });
});

it('takes a hand that falls silent to rest', async () => {
  start();
  await pass(10);
  pose(1, true);
  await pass(100);
  acknowledge();
  expect(pictures.at(-1)).toMatchObject({ moving: true, final: false });
  await pass(WORKER_LIMITS.restMs + 100);
  expect(pictures.at(-1)).toMatchObject({ moving: false, final: true, input: 1 });
});

it('[LV8] at rest shows one sample first, then all of them', async () => {
  start({ view: { ...view, samples: 16 }, pose: poseAt(0) });
  await pass(1_000);
  expect(pictures.map(({ samples, final }) => ({ samples, final }))).toEqual([
    { samples: 1, final: false },
    { samples: 16, final: true },
  ]);
});

it('[LV8] answers an input that comes while a long final picture is drawn, and drops that picture', async () => {
  start({ view: { ...view, samples: 64 }, pose: poseAt(0) });
  await pass(100);
  acknowledge();
  expect(stage.drawn.at(-1)?.samples).toBe(64);
  pose(1);
  await pass(100);
  expect(pictures.at(-1)).toMatchObject({ input: 1, moving: true });
  acknowledge();
  pose(2, false);
  await pass(200);
  acknowledge();
  await pass(5_000);
  const finals = pictures.filter((picture) => picture.final);
  expect(finals.map((picture) => picture.input)).toEqual([2]);
});

it('[LV22] forgets acknowledgements and what was on its way when a viewer comes back', async () => {
  start();
  await pass(10);
  for (let input = 1; input <= 5; input++) {
    pose(input);
    await pass(50);
  }
  expect(pictures).toHaveLength(2);
  start({ pose: poseAt(5), input: 5 });
  await pass(200);
  expect(pictures).toHaveLength(3);
  expect(pictures.at(-1)).toMatchObject({ sequence: 1, input: 5, final: true });
});

it('[LV25] sends nothing while the viewer is away, keeps the scene, and goes on with it when one is back', async () => {
  start();
  await pass(10);
  for (let input = 1; input <= 5; input++) {
    pose(input);
    await pass(50);
  }
  const sent = pictures.length;
  await pass(600_000);
  expect(pictures).toHaveLength(sent);
  expect(stage.loads).toBe(1);
  start({ pose: poseAt(9), input: 9 });
  await pass(200);
  expect(pictures.slice(sent)).toMatchObject([{ input: 9 }]);
  expect(stage.loads).toBe(1);
});

it('[LV12] writes the viewer’s first codec, and another where the picture must be see-through', async () => {
  start({ pose: poseAt(0), codecs: ['jpeg', 'webp'] });
  await pass(100);
  acknowledge();
  session.receive({ type: 'view', input: 1, view: { ...view, background: 'transparent' } });
  await pass(100);
  expect(pictures.map((picture) => picture.codec)).toEqual(['jpeg', 'webp']);
});

it('treats a view that changes all the time as movement', async () => {
  start({ pose: poseAt(0) });
  await pass(100);
  for (let input = 1; input <= 5; input++) {
    acknowledge();
    session.receive({ type: 'view', input, view: { ...view, frameNumber: input } });
    await pass(50);
  }
  expect(pictures.at(-1)).toMatchObject({ moving: true });
  acknowledge();
  await pass(1_000);
  expect(pictures.at(-1)).toMatchObject({ moving: false, final: true, input: 5 });
});

describe('when something fails', () => {
  it('tells the viewer of a view that cannot be drawn, and draws the next', async () => {
    start({ pose: poseAt(0) });
    stage.failure = new KilnError('job.unknown_clip', 'no clip "walk"');
    await pass(1_000);
    expect(messages.at(-1)).toMatchObject({ type: 'error', code: 'job.unknown_clip', fatal: false });
    expect(stage.drawn).toHaveLength(1);
    pose(1, false);
    await pass(100);
    expect(pictures.at(-1)).toMatchObject({ input: 1 });
  });

  it('loads again and goes on when the page is lost', async () => {
    start({ pose: poseAt(0) });
    stage.failure = new KilnError('render.page_lost', 'crashed');
    await pass(2_000);
    expect(stage.loads).toBe(2);
    expect(pictures.at(-1)).toMatchObject({ input: 0, final: true });
  });

  it('loads again when the page is lost while nothing is drawn', async () => {
    start({ pose: poseAt(0) });
    await pass(1_000);
    acknowledge();
    const before = messages.length;
    stage.lose(new KilnError('render.page_lost', 'crashed'));
    await pass(1);
    const stopped = 'The renderer stopped; loading the scene again';
    expect(messages.slice(before)).toMatchObject([{ state: 'loading-scene', message: stopped, progress: null }]);
    await pass(2_000);
    expect(messages.slice(before)).toContainEqual(expect.objectContaining({ message: stopped, progress: 0.5 }));
    expect(messages.at(-1)).toMatchObject({ state: 'live' });
    expect(stage.loads).toBe(2);
    expect(pictures).toHaveLength(2);
  });

  it('tells once what keeps a look from being drawn, from wherever it is looked at', async () => {
    const toldAfter = async (say: () => void) => {
      stage.failure = new KilnError('resource.not_found', 'there is no such environment');
      say();
      await pass(100);
      return stage.failure === null && messages.filter(({ type }) => type === 'error').length;
    };
    const show = (input: number, more: Partial<LiveView>) =>
      session.receive({ type: 'view', input, view: { ...view, ...more } });
    expect(await toldAfter(() => start({ pose: poseAt(0) }))).toBe(1);
    for (let input = 1; input <= 5; input++) expect(await toldAfter(() => pose(input))).toBe(1);
    expect(await toldAfter(() => show(6, { frameNumber: 3 }))).toBe(1);
    expect(await toldAfter(() => show(7, { exposureEv: 1 }))).toBe(2);
    show(8, { exposureEv: 2 });
    await pass(1_000);
    acknowledge();
    expect(await toldAfter(() => show(9, { exposureEv: 1 }))).toBe(3);
  });

  it('gives up a scene that cannot be loaded', async () => {
    session.end();
    const failing = new FakeStage();
    failing.load = () => Promise.reject(new KilnError('scene.invalid', 'broken'));
    const port = { message: () => {}, picture: () => {} };
    const other = new LiveSession({ stage: failing, clock: failing.clock, log: silent, port, sendSums });
    await expect(other.run()).rejects.toMatchObject({ code: 'scene.invalid' });
  });

  it.each([
    ['every picture', 1],
    ['its final picture only', 16],
  ])('gives up a scene that takes its page down with %s', async (_what, samples) => {
    stage.crashesAt = samples;
    start({ view: { ...view, samples: 16 }, pose: poseAt(0) });
    for (let n = 0; n < 60; n++) {
      await pass(1_000);
      if (pictures.length > 0) acknowledge();
    }
    await expect(run).rejects.toMatchObject({ code: 'render.page_lost' });
    expect(stage.loads).toBe(3);
  });

  it('outlives any number of lost pages that showed their final picture', async () => {
    start({ pose: poseAt(0) });
    for (let n = 1; n <= 10; n++) {
      await pass(2_000);
      acknowledge();
      stage.lose(new KilnError('render.page_lost', 'crashed'));
    }
    await pass(2_000);
    expect(stage.loads).toBe(11);
    expect(pictures.at(-1)).toMatchObject({ final: true });
  });

  it('gives up a scene that takes its page down again and again', async () => {
    session.end();
    const failing = new FakeStage();
    failing.load = async () => {
      failing.loads++;
      throw new KilnError('render.page_lost', 'out of memory');
    };
    const port = { message: () => {}, picture: () => {} };
    const running = new LiveSession({ stage: failing, clock: failing.clock, log: silent, port, sendSums }).run();
    running.catch(() => {});
    await pass(60_000);
    await expect(running).rejects.toMatchObject({ code: 'render.page_lost' });
    expect(failing.loads).toBe(3);
  });
});

describe('[LV30] with tiles', () => {
  const tiled: LiveView = { ...view, tiles: true, samples: 20 };

  it('sends a whole picture at once, then what got better after 1, 2, 4 … samples, and at last without loss', async () => {
    stage.sampleMs = 20;
    start({ view: tiled, pose: poseAt(1) });
    for (let i = 0; i < 50; i++) {
      await pass(20);
      acknowledge();
    }
    expect(pictures[0]).toMatchObject({ better: false, final: false, samples: 1, codec: 'jpeg', lastTile: true });
    const better = pictures.slice(1);
    expect(better.filter(({ lastTile }) => lastTile).map(({ samples }) => samples)).toEqual([1, 2, 4, 8, 16, 20]);
    expect(better.every(({ better, pose, input }) => better && pose.position[0] === 1 && input === 0)).toBe(true);
    expect(better.filter(({ final }) => final).map(({ codec }) => codec)).toEqual(['png', 'png']);
    expect(better.map(({ tile }) => tile.x)).toEqual(better.map((_, i) => (i % 2) * 8));
    // Both tiles of a picture have its number.
    expect(new Set(better.map(({ sequence }) => sequence)).size).toBe(better.length / 2);
    const asked = stage.refined.length;
    await pass(10_000);
    expect(stage.refined).toHaveLength(asked);
  });

  it('tells the page that the viewer has the picture of one sample, unless it is another engine’s or lens’', async () => {
    const asked = async (more: Partial<LiveView>, input: number) => {
      session.receive({ type: 'view', input, view: { ...tiled, ...more } });
      await pass(600);
      acknowledge();
      return stage.refined.at(-1)?.isFirstShown;
    };
    start({ pose: poseAt(1) });
    expect(await asked({}, 1)).toBe(true);
    expect(await asked({ engine: 'pathtrace' }, 2)).toBe(false);
    expect(await asked({ shutterAngleDeg: 180 }, 3)).toBe(false);
  });

  it('sends no more than the viewer acknowledges, and draws on meanwhile', async () => {
    start({ view: tiled, pose: poseAt(1) });
    await pass(5_000);
    expect(new Set(pictures.map(({ sequence }) => sequence)).size).toBe(FIRST_WINDOW);
    expect(stage.refined.at(-1)).toMatchObject({ mayShow: false });
    const asked = stage.refined.length;
    await pass(5_000);
    expect(stage.refined).toHaveLength(asked);
    acknowledge();
    await pass(100);
    expect(pictures.at(-1)).toMatchObject({ final: true, samples: 20 });
  });

  it('sends many bytes in parts that are acknowledged one by one, the last of them final', async () => {
    stage.tiles = 6;
    stage.tileBytes = WORKER_LIMITS.tileBatchBytes / 2;
    start({ view: { ...tiled, samples: 1 }, pose: poseAt(1) });
    for (let i = 0; i < 6; i++) {
      await pass(100);
      acknowledge();
    }
    const better = pictures.slice(1);
    const sequences = [...new Set(better.map(({ sequence }) => sequence))];
    const parts = sequences.map((one) => better.filter(({ sequence }) => sequence === one));
    expect(better).toHaveLength(6);
    expect(parts.map((tiles) => tiles.length)).toEqual([2, 2, 2]);
    expect(better.map(({ lastTile }) => lastTile)).toEqual([false, true, false, true, false, true]);
    expect(better.map(({ final }) => final)).toEqual([false, false, false, false, true, true]);
  });

  it('gives up what nobody wants any more when the hand moves, and answers it at once', async () => {
    stage.tiles = 6;
    stage.tileBytes = WORKER_LIMITS.tileBatchBytes;
    start({ view: { ...tiled, samples: 10_000 }, pose: poseAt(0) });
    await pass(60);
    acknowledge();
    await pass(60);
    const before = pictures.length;
    pose(1);
    acknowledge();
    await pass(60);
    expect(stage.forgotten).toBeGreaterThan(0);
    expect(session.counts.tilesDropped).toBeGreaterThan(0);
    expect(pictures.slice(before)).toMatchObject([{ better: false, moving: true, input: 1 }]);
    acknowledge();
    pose(2, false);
    await pass(60);
    acknowledge();
    await pass(100);
    expect(pictures.at(-1)).toMatchObject({ better: true, input: 2 });
    expect(messages.filter(({ type }) => type === 'error')).toEqual([]);
  });

  it('goes on with its samples while a finger presses that moves nothing, and answers it', async () => {
    stage.sampleMs = 20;
    start({ view: { ...tiled, samples: 64 }, pose: poseAt(3) });
    const rest = async (times: number) => {
      for (let i = 0; i < times; i++) {
        await pass(20);
        acknowledge();
      }
    };
    await rest(12);
    const before = pictures.length;
    session.receive({ type: 'pose', input: 1, pose: poseAt(3), moving: true });
    session.receive({ type: 'pose', input: 2, pose: poseAt(3), moving: false });
    await rest(100);
    expect(stage.forgotten).toBe(0);
    expect(pictures.slice(before).every(({ better }) => better)).toBe(true);
    expect(pictures.at(-1)).toMatchObject({ final: true, samples: 64, input: 2 });
    // A drag that has come to rest before the finger is lifted.
    pose(4);
    await rest(20);
    const rested = pictures.length;
    session.receive({ type: 'pose', input: 5, pose: poseAt(4), moving: false });
    await rest(100);
    expect(pictures.slice(rested).every(({ better }) => better)).toBe(true);
    expect(pictures.at(-1)).toMatchObject({ final: true, samples: 64, input: 5 });
  });

  it('tells once why a view cannot be drawn to its end, and keeps the picture', async () => {
    start({ view: { ...tiled, engine: 'pathtrace' }, pose: poseAt(1) });
    await pass(30);
    stage.failure = new KilnError('job.unsupported', 'Path tracing cannot draw points.');
    await pass(1_000);
    acknowledge();
    await pass(1_000);
    expect(messages.filter(({ type }) => type === 'error')).toMatchObject([{ code: 'job.unsupported', fatal: false }]);
  });

  it('[LV17] loads again when the page is lost while it refines, and begins with a whole picture', async () => {
    stage.sampleMs = 20;
    start({ view: tiled, pose: poseAt(1) });
    for (let i = 0; i < 4; i++) {
      await pass(20);
      acknowledge();
    }
    const before = pictures.length;
    expect(pictures.at(-1)).toMatchObject({ better: true, final: false });
    stage.failure = new KilnError('render.page_lost', 'crashed');
    await pass(40);
    stage.failure = null;
    // What was on its way is never acknowledged.
    await pass(2_000);
    expect(stage.loads).toBe(2);
    const [first] = pictures.slice(before);
    expect(first).toMatchObject({ better: false, samples: 1 });
    expect(first?.sequence).toBeGreaterThan(pictures[before - 1]?.sequence ?? Number.NaN);
    acknowledge();
    for (let i = 0; i < 10; i++) {
      await pass(100);
      acknowledge();
    }
    expect(pictures.at(-1)).toMatchObject({ final: true, samples: 20 });
  });
});
