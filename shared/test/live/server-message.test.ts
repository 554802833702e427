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
  const shown = { type: 'driver-view', view: { size: { widthPx: 640, heightPx: 360 }, frameNumber: 0 } };
  expect(readServerMessage(JSON.stringify(shown))).toEqual(shown);
  const { bounds: _, ...less } = scene;
  // What would stand in this viewer's next hello, which no server would take.
  const { position } = scene.autoCamera;
  const unusable = [
    { ...shown, view: {} },
    { ...shown, view: { ...shown.view, frameNumber: null } },
    { ...shown, view: { ...shown.view, size: { widthPx: 0, heightPx: 360 } } },
    { ...scene, autoCamera: { ...scene.autoCamera, position: [1e300, 0, 3] } },
    { ...scene, autoCamera: { position, target: position, fovDeg: 0 } },
  ];
  expect(unusable.map((one) => readServerMessage(JSON.stringify(one)))).toEqual(unusable.map(() => null));
  for (const text of [JSON.stringify(less), '{"type":"later"}', '{', 'null', new ArrayBuffer(3), undefined]) {
    expect(readServerMessage(text)).toBeNull();
  }
});
