import { expect, test } from 'vitest';
import { readServerMessage } from '../../src/live/server-message.ts';

test('a message of a server is read; what is none is null', () => {
  const error = { type: 'error', code: 'render.failed', message: 'it failed', fatal: true };
  expect(readServerMessage(JSON.stringify(error))).toEqual(error);
  const scene = {
    type: 'scene',
    bounds: { min: [0, 0, 0], max: [1, 1, 1] },
    autoCamera: { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 40 },
    cameras: [],
  };
  expect(readServerMessage(JSON.stringify(scene))).toEqual(scene);
  const viewer = { id: 1, label: 'Viewer 1', owner: true, mayDrive: true, asks: false, away: false };
  const viewers = { type: 'viewers', you: 1, driver: null, mayTake: true, input: 3, viewers: [viewer] };
  expect(readServerMessage(JSON.stringify(viewers))).toEqual(viewers);
  const shown = { type: 'driver-view', view: { size: { widthPx: 640, heightPx: 360 } } };
  expect(readServerMessage(JSON.stringify(shown))).toEqual(shown);
  const { bounds: _, ...less } = scene;
  for (const text of [JSON.stringify(less), '{"type":"later"}', '{', 'null', new ArrayBuffer(3), undefined]) {
    expect(readServerMessage(text)).toBeNull();
  }
});
