/** Small pictures beside frames that are too large to be shown. */
import { createHash } from 'node:crypto';
import { API_PREFIX, type Delivery, type Frame, type FrameResult, type Job, PREVIEW_MEDIA_TYPE } from '@kiln/shared';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeWorker } from '../fake-worker.ts';
import { jobEnded, WORKER_TOKEN } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { sceneOf, uploadScene } from '../scene-fixture.ts';
import { type ServerFixture, startTestServer } from '../server-fixture.ts';

const measured = (bytes: Buffer) => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  sizeBytes: bytes.length,
});

/** Sends a small picture before each frame, and keeps what is said of those that it must not send. */
class Previewer extends FakeWorker {
  readonly refused: string[] = [];

  override async deliver(delivery: Delivery, frameNumber: number, text: string) {
    const [bytes, small] = [Buffer.from(text), Buffer.from(`small ${text}`)];
    const stage = { startedAtMs: 0, durationMs: 1 };
    const frame: FrameResult = { ...measured(bytes), stages: { draw: stage, encode: stage }, statistics: null };
    const preview = measured(small);
    const result = { ...frame, preview };
    const path = `${frameNumber}/preview`;
    const refused = async (put: Promise<unknown>) => {
      const answer = await put.catch((error: unknown) => error);
      this.refused.push(answer instanceof Error ? answer.message : 'taken');
    };
    await refused(this.put(delivery, String(frameNumber), bytes, result));
    await refused(this.put(delivery, path, small, preview));
    const huge = Buffer.alloc(2_097_153);
    await refused(this.put(delivery, path, huge, measured(huge), PREVIEW_MEDIA_TYPE));
    const sent = this.put(delivery, path, small, preview, PREVIEW_MEDIA_TYPE);
    const isTaken = await sent.then(
      () => true,
      (error: Error) => !this.refused.push(error.message),
    );
    return this.put(delivery, String(frameNumber), bytes, isTaken ? result : frame);
  }
}

let redis: TestRedis;
let fixture: ServerFixture;
let worker: Previewer;
let sceneId: string;

beforeAll(async () => {
  redis = await startRedis();
  fixture = await startTestServer({ redisUrl: redis.url, config: { workerToken: WORKER_TOKEN } });
  worker = await new Previewer(fixture.server.url).start();
  ({ id: sceneId } = await uploadScene(fixture, sceneOf('scene')));
});
afterAll(async () => {
  await worker?.stop();
  await fixture?.stop();
  await redis?.stop();
});

const get = (path: string) => fetch(`${fixture.server.url}${path}`, { headers: fixture.client.headers });

async function rendered(widthPx: number): Promise<{ job: Job; frame: Frame | undefined }> {
  worker.refused.length = 0;
  const size = { widthPx, heightPx: 16 };
  const job = await fixture.client.createJob({ body: { sceneId, layers: [{ frames: '7', size, samples: 1 }] } });
  await jobEnded(fixture.server.url, fixture.apiKey, job.id);
  const { items } = await fixture.client.listFrames({ params: { jobId: job.id }, query: {} });
  return { job, frame: items[0] };
}

test('[WK6] are stored with the frame, listed and served, and are no file of the archive', async () => {
  const { job, frame } = await rendered(9_000);
  expect(worker.refused).toEqual([
    expect.stringContaining('the preview is to come before the frame'),
    expect.stringContaining('request.unsupported_media_type'),
    expect.stringContaining('upload.over_limit'),
  ]);
  const url = `${API_PREFIX}/jobs/${job.id}/previews/main/7`;
  const text = await (await get(frame?.url ?? '')).text();
  expect(frame?.preview).toEqual({ ...measured(Buffer.from(`small ${text}`)), url });
  expect(frame?.files).toHaveLength(1);
  const answer = await get(url);
  expect(answer.headers.get('content-type')).toBe('image/webp');
  expect(await answer.text()).toBe(`small ${text}`);
  expect(frame && fixture.client.urls.framePreview(frame)).toBe(`${fixture.server.url}${url}`);
  const files = unzipSync(new Uint8Array(await (await get(`${API_PREFIX}/jobs/${job.id}/archive.zip`)).arrayBuffer()));
  expect(Object.keys(files)).toEqual(['0007.png']);
  expect((await get(`${API_PREFIX}/jobs/${job.id}/previews/main/8`)).status).toBe(404);
  expect((await get(`${API_PREFIX}/jobs/${job.id}/previews/main/x`)).status).toBe(400);
  expect((await get(`${API_PREFIX}/jobs/${job.id}/frames/main/preview/0007.png`)).status).toBe(404);
});

test('there is none of a frame that browsers show as it is', async () => {
  const { job, frame } = await rendered(16);
  expect(worker.refused).toContainEqual(expect.stringContaining('a frame that can be shown has no preview'));
  expect(worker.refused.at(-1)).toContain('has no file of the pass preview');
  expect(frame?.preview).toBeNull();
  expect((await get(`${API_PREFIX}/jobs/${job.id}/previews/main/7`)).status).toBe(404);
});
