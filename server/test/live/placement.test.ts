import type { WorkerStatus } from '@kiln/shared';
import { expect, test } from 'vitest';
import { placeSession, type SessionWorker } from '../../src/live/placement.ts';

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
const place = (workers: SessionWorker[], avoid: string[] = [], gone: string[] = []) =>
  placeSession(workers, { tenantId: 't', sceneHash: 'hash', avoid: new Set(avoid), gone: new Set(gone) });

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
  expect(place([worker('a')], [], ['a'])).toBeNull();
});
