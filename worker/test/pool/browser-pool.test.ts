import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { BrowserPool } from '../../src/pool/browser-pool.ts';
import { silent } from '../support/silent.ts';

it('closes although a browser does not start, and answers who waits for one', async () => {
  const pool = new BrowserPool({
    launch: () => new Promise(() => {}),
    slots: 1,
    maxBrowsers: 1,
    clock: systemClock,
    log: silent,
  });
  const { signal } = new AbortController();
  pool.borrow('a', 'job', signal).catch(() => {});
  const waiting = pool.borrow('b', 'job', signal);
  waiting.catch(() => {});
  await pool.close();
  await expect(waiting).rejects.toMatchObject({ code: 'server.draining' });
});
