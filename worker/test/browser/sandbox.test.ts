import { expect, it } from 'vitest';
import { untilSandboxed } from '../../src/browser/sandbox.ts';

const confined = { sandboxed: true, detail: 'confined' };
const open = { sandboxed: false, detail: 'not confined yet' };

it('waits for a renderer that was forked just now', async () => {
  const seen = [open, open, confined];
  expect(await untilSandboxed(() => seen.shift() ?? open, 60_000)).toBe(confined);
});

it('sees in the end that a renderer is not confined', async () => {
  let looks = 0;
  const look = () => {
    looks++;
    return open;
  };
  expect(await untilSandboxed(look, 100)).toBe(open);
  expect(looks).toBeGreaterThan(1);
  looks = 0;
  await untilSandboxed(look, 0);
  expect(looks).toBe(1);
});
