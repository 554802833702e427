import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KilnError } from '../../src/errors.ts';
import { LIMITS } from '../../src/limits.ts';
import {
  LiveView,
  ServerMessage,
  SessionStart,
  ViewerHello,
  ViewerMessage,
  WorkerHello,
} from '../../src/live/messages.ts';
import { withDefaults } from '../../src/schema-defaults.ts';
import { matches, parseJson } from '../../src/validate.ts';

const SESSION = 'ses_0123456789abcdefghjk';
const SCENE = 'scn_0123456789abcdefghjk';
const pose = { position: [1, 2, 3], quaternion: [0, 0, 0, 1], fovDeg: 45 };
const view = withDefaults(LiveView, { size: { widthPx: 640, heightPx: 360 } }, 'the view');

const viewerMessages = [
  { type: 'pose', input: 1, pose, moving: true },
  { type: 'view', input: 4_294_967_295, view },
  { type: 'ack', picture: 1, decodeMs: 0, uploadMs: 3.5 },
  { type: 'camera', action: 'request' },
  { type: 'camera', action: 'give', to: 2 },
  { type: 'pick', request: 1, input: 0, x: 0, y: 1 },
  { type: 'pick', request: 2, input: 7, x: 0.5, y: 0.25, from: { pose, aspect: 1.78 } },
  { type: 'bye' },
];
const hello = { type: 'hello', protocols: [1], sceneId: SCENE, view, codecs: ['webp', 'jpeg'] };

describe('messages of a viewer', () => {
  it.each(viewerMessages)('%j is one', (message) => {
    expect(matches(ViewerMessage, message)).toBe(true);
  });

  it('[LV1] begin with a hello, with what to resume or without', () => {
    expect(matches(ViewerHello, hello)).toBe(true);
    expect(matches(ViewerHello, { ...hello, resume: { sessionId: SESSION, token: 't' } })).toBe(true);
  });

  it('[LV31] join a session by its id', () => {
    expect(matches(ViewerHello, { ...hello, join: { sessionId: SESSION } })).toBe(true);
    expect(matches(ViewerHello, { ...hello, join: { sessionId: SCENE } })).toBe(false);
  });

  const bad: readonly [string, object][] = [
    ['an unknown type', { type: 'zap' }],
    ['a field too many', { type: 'bye', why: 1 }],
    ['input 0', { type: 'pose', input: 0, pose, moving: true }],
    ['an input of 33 bits', { type: 'pose', input: 4_294_967_296, pose, moving: true }],
    ['half an input', { type: 'pose', input: 1.5, pose, moving: true }],
    ['a quaternion of three', { type: 'pose', input: 1, pose: { ...pose, quaternion: [0, 0, 1] }, moving: true }],
    ['a field of view of 180°', { type: 'pose', input: 1, pose: { ...pose, fovDeg: 180 }, moving: true }],
    ['a field of view of 0°', { type: 'pose', input: 1, pose: { ...pose, fovDeg: 0 }, moving: true }],
    ['a negative time', { type: 'ack', picture: 1, decodeMs: -1, uploadMs: 0 }],
    ['another wish for the camera', { type: 'camera', action: 'steal' }],
    ['nobody to give it', { type: 'camera', action: 'give', to: 0 }],
    ['a point beside the picture', { type: 'pick', request: 1, input: 0, x: 1.01, y: 0 }],
    ['a question without a number', { type: 'pick', request: 0, input: 0, x: 0, y: 0 }],
    ['a place without a shape', { type: 'pick', request: 1, input: 0, x: 0, y: 0, from: { pose } }],
    [
      'a shape wider than any picture',
      { type: 'pick', request: 1, input: 0, x: 0, y: 0, from: { pose, aspect: LIMITS.liveAspect + 1 } },
    ],
    ['a view without a size', { type: 'view', input: 1, view: { ...view, size: undefined } }],
  ];
  it.each(bad)('[WS4] with %s are none', (_, message) => {
    expect(matches(ViewerMessage, message)).toBe(false);
  });

  it('[LV3] have poses within the limit', () => {
    const isOne = (x: number) =>
      matches(ViewerMessage, { type: 'pose', input: 1, pose: { ...pose, position: [0, 0, x] }, moving: true });
    expect([1, -1].map((sign) => isOne(sign * LIMITS.liveCoordinateM))).toEqual([true, true]);
    expect([1.001, -1.001].map((sign) => isOne(sign * LIMITS.liveCoordinateM))).toEqual([false, false]);
  });

  it('show pictures from 16 pixels to the limit', () => {
    for (const [edge, ok] of [
      [15, false],
      [16, true],
      [LIMITS.liveEdgePx, true],
      [LIMITS.liveEdgePx + 1, false],
    ] as const) {
      expect(matches(LiveView, { ...view, size: { widthPx: edge, heightPx: 16 } })).toBe(ok);
      expect(matches(LiveView, { ...view, size: { widthPx: 16, heightPx: edge } })).toBe(ok);
    }
  });

  it('[LV28] ask for depth, or say nothing of it', () => {
    expect(matches(LiveView, { ...view, depth: true })).toBe(true);
    expect(matches(LiveView, { ...view, depth: 1 })).toBe(false);
  });

  it.each([[[]], [Array(17).fill(1)], [['1']]])('[WS3] offer no versions %j', (protocols) => {
    expect(matches(ViewerHello, { ...hello, protocols })).toBe(false);
  });
});

describe('messages to a viewer', () => {
  it.each([
    { type: 'welcome', protocol: 1, sessionId: SESSION, resumeToken: 't', leaseMs: 20_000, resumed: false },
    { type: 'state', state: 'loading-scene', message: 'Loading', progress: null },
    { type: 'state', state: 'live', message: '', progress: 1 },
    {
      type: 'scene',
      bounds: { min: [0, 0, 0], max: [1, 1, 1] },
      autoCamera: { position: [0, 0, 1], target: [0, 0, 0], fovDeg: 35 },
      cameras: [],
    },
    {
      type: 'scene',
      bounds: { min: [0, 0, 0], max: [1, 1, 1] },
      autoCamera: { position: [0, 0, 1], target: [0, 0, 0], fovDeg: 35 },
      ...{ cameras: [], clips: [{ name: 'Walk', durationSec: 1 }], variants: ['Red'], nodes: ['Box'], materials: [] },
    },
    { type: 'picked', request: 1, surface: null },
    { type: 'picked', request: 1, surface: null, error: { code: 'scene.not_ready', message: 'm' } },
    {
      ...{ type: 'picked', request: 2 },
      surface: {
        ...{ node: { name: 'Box', pointer: '/nodes/1' }, material: { name: 'Paint', pointer: '/materials/0' } },
        ...{ position: [0, 1, 2], normal: [0, 0, 1] },
      },
    },
    { type: 'error', code: 'render.failed', message: 'm', fatal: false },
    { type: 'alive' },
    { type: 'ended', reason: 'bye' },
  ])('%j is one', (message) => {
    expect(matches(ServerMessage, message)).toBe(true);
    // [WS5] A newer server may say more.
    expect(matches(ServerMessage, { ...message, news: 1 })).toBe(true);
  });
});

describe('messages of a worker and to it', () => {
  it('[LV20] begin with its hello', () => {
    const own = { type: 'worker-hello', protocols: [1], sessionId: SESSION, token: 't' };
    expect(matches(WorkerHello, own)).toBe(true);
    expect(matches(WorkerHello, { ...own, token: 't'.repeat(201) })).toBe(false);
  });

  it('[LV22] start with a pose or without', () => {
    const start = { type: 'start', protocol: 1, view, codecs: ['webp'], pose, input: 3, moving: false };
    expect(matches(SessionStart, start)).toBe(true);
    expect(matches(SessionStart, { ...start, pose: null, input: 0 })).toBe(true);
  });
});

it('[WS4] reading a message never throws anything but KilnError, whatever came', () => {
  const texts = [...viewerMessages, hello].map((message) => JSON.stringify(message));
  const mutated = fc
    .tuple(fc.constantFrom(...texts), fc.array(fc.tuple(fc.nat(400), fc.string({ maxLength: 3 })), { maxLength: 4 }))
    .map(([text, edits]) =>
      edits.reduce((whole, [at, insert]) => whole.slice(0, at) + insert + whole.slice(at + insert.length), text),
    );
  fc.assert(
    fc.property(fc.oneof(mutated, fc.json(), fc.string()), (text) => {
      for (const schema of [ViewerMessage, ViewerHello, ServerMessage]) {
        try {
          parseJson(schema, text, 'the message');
        } catch (error) {
          if (!(error instanceof KilnError)) throw error;
          expect(['request.invalid', 'request.bad_json']).toContain(error.code);
          expect(error.message.length).toBeLessThan(1_000);
        }
      }
    }),
    { numRuns: 1_500 },
  );
});
