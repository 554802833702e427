/** A little of everything that the dispatcher gives out, so that all of it has something to do. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Film, Job, JobRequest } from '@kiln/shared';
import { expect } from 'vitest';
import type { ObjectStore } from '../../src/objects/object-store.ts';
import type { Store } from '../../src/store/store.ts';
import { FakeWorker } from '../fake-worker.ts';
import { addScene, call } from '../farm-fixture.ts';

const SIZE = { widthPx: 64, heightPx: 64 };

export interface FarmAddress {
  readonly url: string;
  readonly apiKey: string;
}

export interface MixedWorkParts {
  readonly store: Store;
  readonly objects: ObjectStore;
  /** Of the server that answers now, or soon again. */
  readonly farm: () => FarmAddress;
}

interface Expected {
  readonly job: Job;
  readonly state: Job['state'];
  readonly framesDone: number;
}

export class MixedWork {
  readonly #parts: MixedWorkParts;
  readonly #expected: Expected[] = [];
  readonly #imports: string[] = [];
  #rounds = 0;

  constructor(parts: MixedWorkParts) {
    this.#parts = parts;
  }

  /** Jobs of several kinds, some of which are meddled with; resolves when all are submitted. */
  async add(): Promise<void> {
    const round = ++this.#rounds;
    const tenantId = await this.#tenantId();
    const { store, objects } = this.#parts;
    const farm = { onTaskReady: () => {} };
    const scene = (state: 'ready' | 'importing') => addScene({ services: { store, objects }, farm }, tenantId, state);
    const sceneId = await scene('ready');
    this.#imports.push(await scene('importing'));
    const job = (name: string, layer: object, more: Partial<JobRequest> = {}): JobRequest => ({
      sceneId,
      name,
      idempotencyKey: `${name} of round ${round}`,
      layers: [{ size: SIZE, frames: '1-6', ...layer }],
      // On a busy machine leases run out, too.
      maxAttempts: 10,
      ...more,
    });
    await this.#submit(job('frames', { frames: '1-24' }), 'succeeded', 24);
    await this.#submit(job('chunks', { chunk: 3, format: 'jpeg' }), 'succeeded', 6);
    const parts = { tiles: { columns: 2, rows: 1 }, splitSamples: 2, samples: 32, frames: '1-2' };
    await this.#submit(job('parts', parts), 'succeeded', 2);
    await this.#submit(job('film', { films: [{ format: 'mp4' }] }), 'succeeded', 6);
    await this.#submit(job('fails once', { frames: '801-806' }), 'succeeded', 6);
    await this.#submit(job('fails always', { frames: '901-902' }, { maxAttempts: 2 }), 'failed', 0);
    const paused = await this.#submit(job('paused', { frames: '1-12' }), 'succeeded', 12);
    await this.ask<Job>('POST', `/jobs/${paused.id}/pause`, {});
    await this.ask<Job>('POST', `/jobs/${paused.id}/resume`, {});
    const cancelled = await this.#submit(job('cancelled', { frames: '1-500' }), 'cancelled', -1);
    await this.ask<Job>('POST', `/jobs/${cancelled.id}/cancel`, undefined);
  }

  /** Waits until everything that was submitted has ended; it must have ended as it should. */
  async ended(): Promise<void> {
    for (const { job, state, framesDone } of this.#expected.splice(0)) {
      const end = await this.#untilEnded(job.id);
      expect({ name: end.name, state: end.state }).toEqual({ name: job.name, state });
      if (framesDone >= 0)
        expect({ name: end.name, framesDone: end.framesDone }).toEqual({ name: job.name, framesDone });
      if (job.name === 'film') await this.#expectFilm(end.id);
    }
    for (const sceneId of this.#imports.splice(0)) {
      for (;;) {
        const { state } = await this.ask<{ state: string }>('GET', `/scenes/${sceneId}`);
        if (state === 'ready') break;
        expect(state).toBe('importing');
        await pause(50);
      }
    }
  }

  /** How far everything is, for whoever waits for it. */
  async states(): Promise<Readonly<Record<string, string>>> {
    const { items } = await this.ask<{ items: Job[] }>('GET', '/jobs?limit=100');
    const open = items.filter(({ state }) => state === 'queued' || state === 'running' || state === 'paused');
    return Object.fromEntries(
      open.map(({ id, name, state, framesDone }) => [`${name} ${id}`, `${state}, ${framesDone} frames done`]),
    );
  }

  /** Asks until a server answers, for it may be away; what it refuses is an error. */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    for (;;) {
      const { url, apiKey } = this.#parts.farm();
      const answer = await call(url, apiKey, method, path, body).catch(() => null);
      if (answer && answer.status < 300) return answer.body as T;
      // Said again after an answer that was lost: it is so already.
      if (answer?.status === 409 && method === 'POST') return answer.body as T;
      if (answer && answer.status < 500) {
        throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      }
      await pause(50);
    }
  }

  async #submit(request: JobRequest, state: Job['state'], framesDone: number): Promise<Job> {
    const job = await this.ask<Job>('POST', '/jobs', request);
    this.#expected.push({ job, state, framesDone });
    return job;
  }

  async #untilEnded(jobId: string): Promise<Job> {
    for (;;) {
      const job = await this.ask<Job>('GET', `/jobs/${jobId}`);
      if (job.state === 'succeeded' || job.state === 'failed' || job.state === 'cancelled') return job;
      await pause(50);
    }
  }

  async #expectFilm(jobId: string): Promise<void> {
    const { items } = await this.ask<{ items: Film[] }>('GET', `/jobs/${jobId}/films`);
    expect(items.map(({ state }) => state)).toEqual(['succeeded']);
  }

  async #tenantId(): Promise<string> {
    const row = await this.#parts.store.db
      .selectFrom('tenants')
      .select('id')
      .orderBy('created_at')
      .executeTakeFirstOrThrow();
    return row.id;
  }
}

/** @param failed tasks that have failed once; one set for all workers. */
export const mixedWorker = (url: string, name: string, failed: Set<string>): FakeWorker =>
  new FakeWorker(url, {
    identity: { name, pid: name.length },
    frameMs: 5,
    pieceSamples: 16,
    onFrame: ({ taskId }, frameNumber) => {
      if (frameNumber < 800 || (frameNumber < 900 && failed.has(taskId))) return;
      failed.add(taskId);
      throw new Error('as it should');
    },
  });
