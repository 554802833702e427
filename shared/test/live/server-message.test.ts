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
  const { bounds: _, ...less } = scene;
  for (const text of [JSON.stringify(less), '{"type":"later"}', '{', 'null', new ArrayBuffer(3), undefined]) {
    expect(readServerMessage(text)).toBeNull();
  }
});
