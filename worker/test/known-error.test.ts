import { KilnError } from '@kiln/shared';
import { expect, it } from 'vitest';
import { knownError } from '../src/known-error.ts';

it('tells nobody of this machine what an unknown error says', () => {
  const error = new Error("ENOENT: no such file or directory, open '/srv/kiln/worker-cache/scenes/a'");
  const known = knownError(error);
  expect(known.code).toBe('render.failed');
  expect(known.message).not.toMatch(/ENOENT|\//);
  expect(known.cause).toBe(error);
});

it('leaves an error of the table as it is', () => {
  const error = new KilnError('job.unknown_camera', 'no camera "x"');
  expect(knownError(error)).toBe(error);
});
