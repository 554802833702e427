import { expect, test } from 'vitest';
import { EventLoopWatch } from '../../src/health/event-loop.ts';

/** Lets timers have their turn for so long. */
const turn = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('a blocked event loop shows in the figures, once', async () => {
  const watch = new EventLoopWatch();
  await turn(50);
  watch.take();
  await turn(20);
  block(120);
  await turn(20);
  const blocked = watch.take();
  expect(blocked.maxMs).toBeGreaterThan(100);
  expect(blocked.maxMs).toBeLessThanOrEqual(blocked.windowMs);
  expect(blocked.p50Ms).toBeLessThan(blocked.maxMs);
  const after = watch.take();
  expect(after.windowMs).toBeLessThan(blocked.windowMs);
  watch.stop();
});
