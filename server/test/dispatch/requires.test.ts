import type { WorkerFacts } from '@kiln/shared';
import { expect, test } from 'vitest';
import type { Candidate } from '../../src/dispatch/candidate.ts';
import type { PickWorker } from '../../src/dispatch/desk.ts';
import { pick } from '../../src/dispatch/pick.ts';

const GIB = 1_024 ** 3;

const worker = (id: string, facts: WorkerFacts, more: Partial<PickWorker> = {}): PickWorker => ({
  id,
  slots: 1,
  abilities: [{ engine: 'raster', backend: 'webgl' }],
  adapterClass: 'one',
  facts: { adapterClass: 'one', ...facts },
  loaded: new Set(),
  tenants: new Set(),
  rendering: 0,
  renderingBy: [],
  importing: new Set<string>(),
  filmMakers: ['page'],
  filming: 0,
  queuedMs: null,
  ...more,
});

type Cursor = Extract<Candidate, { kind: 'cursor' }>;

const cursor = (jobId: string, more: Partial<Cursor> = {}): Candidate => ({
  kind: 'cursor',
  tenantId: 'tenant',
  sceneId: 'scene',
  sceneHash: 'hash',
  priority: 50,
  createdAtMs: 0,
  position: 0,
  frameTimeoutMs: 1_000,
  isRunning: true,
  division: null,
  next: 0,
  remaining: 1_000,
  jobId,
  layerId: jobId,
  engine: 'raster',
  backend: 'auto',
  classPolicy: 'strict',
  jobClass: null,
  frameClass: null,
  taskMs: null,
  ...more,
});

/** Workers that were given something of each job. */
function placesOf(workers: readonly PickWorker[], ...candidates: Candidate[]): Record<string, string[]> {
  const usage = { render: new Map(), import: new Map(), film: new Map() };
  const places: Record<string, string[]> = {};
  for (const one of pick({ workers, candidates, usage })) {
    if (one.kind !== 'cursor') continue;
    places[one.jobId] = [...new Set([...(places[one.jobId] ?? []), one.workerId])].sort();
  }
  return places;
}

test('work goes only where all that it requires is known to be', () => {
  const all = [
    worker('bare', {}),
    worker('small', { tags: ['fast'], renderer: 'ANGLE (NVIDIA RTX A4000)', gpuMemoryBytes: 8 * GIB }),
    worker('large', { tags: ['fast', 'node=a12'], renderer: 'ANGLE (NVIDIA RTX A6000)', gpuMemoryBytes: 48 * GIB }),
  ];
  const places = (requires: Cursor['requires']) => placesOf(all, cursor('job', requires ? { requires } : {})).job;
  expect(places(null)).toEqual(['bare', 'large', 'small']);
  expect(places({ tags: ['fast'] })).toEqual(['large', 'small']);
  expect(places({ tags: ['fast', 'node=a12'] })).toEqual(['large']);
  expect(places({ gpu: 'nvidia rtx' })).toEqual(['large', 'small']);
  expect(places({ gpuMemoryBytes: 8 * GIB })).toEqual(['large', 'small']);
  expect(places({ gpuMemoryBytes: 8 * GIB + 1 })).toEqual(['large']);
  expect(places({ adapterClass: 'one' })).toEqual(['bare', 'large', 'small']);
  expect(places({ adapterClass: 'two' })).toBeUndefined();
  expect(places({ memoryBytes: 1 })).toBeUndefined();
});

test('what nobody can do keeps no worker from others', () => {
  const jobs = [cursor('never', { requires: { tags: ['none'] }, priority: 90 }), cursor('other')];
  expect(placesOf([worker('a', {})], ...jobs)).toEqual({ other: ['a'] });
});

test('a large scene goes to workers that hold it, and elsewhere only where none does', () => {
  const small = worker('small', { maxTexturePx: 8_192, gpuMemoryBytes: 8 * GIB });
  const large = worker('large', { maxTexturePx: 16_384, gpuMemoryBytes: 48 * GIB });
  const unknown = worker('unknown', {});
  const sceneNeeds = { gpuBytes: 9 * GIB, texturePx: 4_096 };
  const job = cursor('job', { sceneNeeds });
  expect(placesOf([small, large, unknown], job).job).toEqual(['large', 'unknown']);
  expect(placesOf([small], job).job).toEqual(['small']);
  expect(placesOf([small, { ...large, isAvoided: true }], job).job).toEqual(['small']);
  expect(
    placesOf([small, { ...large, adapterClass: 'two' }], cursor('job', { sceneNeeds, jobClass: 'one' })).job,
  ).toEqual(['small']);
  const sharp = cursor('job', { sceneNeeds: { gpuBytes: 1, texturePx: 8_193 } });
  expect(placesOf([small, large], sharp).job).toEqual(['large']);
});

test('a large scene that waits for its worker leaves small ones to others', () => {
  const small = worker('small', { gpuMemoryBytes: 8 * GIB });
  const large = worker('large', { gpuMemoryBytes: 48 * GIB }, { rendering: 99 });
  const job = cursor('heavy', { sceneNeeds: { gpuBytes: 9 * GIB, texturePx: 1 }, priority: 90 });
  expect(placesOf([small, large], job, cursor('light'))).toEqual({ light: ['small'] });
});
