import type { WorkerStatus } from '@kiln/shared';
import { describe, expect, test } from 'vitest';
import { placeSession, type SessionDemand, type SessionWorker } from '../../src/live/placement.ts';

const STATUS: WorkerStatus = { browsers: [], scenes: [], cacheBytes: 0, nodeRssBytes: 0, browserRssBytes: 0 };

const worker = (id: string, more: Partial<SessionWorker> = {}, status: Partial<WorkerStatus> = {}): SessionWorker => ({
  id,
  identity: { maxSessions: 2, capabilities: [{ engine: 'raster', backend: 'webgl' }] },
  status: { ...STATUS, ...status },
  sessions: 0,
  ...more,
});
const loaded = (tenantId: string): Partial<WorkerStatus> => ({
  scenes: [{ tenantId, sceneHash: 'hash', loads: 1, sessions: 0 }],
  browsers: [{ tenantId, pid: 1, pages: 1 }],
});
const place = (workers: SessionWorker[], avoid: string[] = [], gone: string[] = [], demands: SessionDemand[] = []) =>
  placeSession(workers, { tenantId: 't', sceneHash: 'hash', avoid: new Set(avoid), gone: new Set(gone) }, demands);
const demand = (tenantId: string, drawn: number, waiting: number): SessionDemand => ({ tenantId, drawn, waiting });

test('prefers the worker that has the scene loaded for this tenant, not for another', () => {
  expect(place([worker('a'), worker('b', { sessions: 1 }, loaded('t'))])).toBe('b');
  expect(place([worker('a'), worker('b', { sessions: 1 }, loaded('other'))])).toBe('a');
});

test('no worker gets more sessions than it has room for', () => {
  expect(place([worker('a', { sessions: 2 }, loaded('t')), worker('b')])).toBe('b');
  expect(place([worker('a', { sessions: 2 })])).toBeNull();
});

test('a worker that failed the session is taken only when there is no other, one that is gone never', () => {
  expect(place([worker('a', {}, loaded('t')), worker('b')], ['a'])).toBe('b');
  expect(place([worker('a')], ['a'])).toBe('a');
  expect(place([worker('a', { isSuspended: true }, loaded('t')), worker('b')])).toBe('b');
  expect(place([worker('a', { isSuspended: true })])).toBe('a');
  expect(place([worker('a')], [], ['a'])).toBeNull();
});

describe('of eight slots', () => {
  const wide = (sessions: number) => [
    worker('a', { identity: { maxSessions: 8, capabilities: [{ engine: 'raster', backend: 'webgl' }] }, sessions }),
  ];

  test('a tenant alone gets all', () => {
    expect(place(wide(7), [], [], [demand('t', 7, 3)])).toBe('a');
  });

  test('one that has its share gets none that another waits for', () => {
    expect(place(wide(7), [], [], [demand('t', 7, 0), demand('other', 0, 1)])).toBeNull();
    expect(place(wide(7), [], [], [demand('t', 4, 0), demand('other', 3, 1)])).toBeNull();
  });

  test('one that has its share gets what the others do not wait for', () => {
    expect(place(wide(7), [], [], [demand('t', 4, 0), demand('other', 3, 0)])).toBe('a');
    expect(place(wide(5), [], [], [demand('t', 4, 0), demand('other', 1, 2)])).toBe('a');
    expect(place(wide(6), [], [], [demand('t', 4, 0), demand('other', 2, 2)])).toBeNull();
  });

  test('one below its share gets the last although others wait', () => {
    expect(place(wide(7), [], [], [demand('t', 3, 0), demand('other', 4, 9)])).toBe('a');
    expect(place(wide(7), [], [], [demand('other', 7, 9)])).toBe('a');
  });

  test('a tenant that has nothing gets one, however many tenants there are', () => {
    const crowd = Array.from({ length: 20 }, (_, index) => demand(`other ${index}`, index < 7 ? 1 : 0, 1));
    expect(place(wide(7), [], [], crowd)).toBe('a');
  });
});
