/** Frames whose passes are files of their own. */
import { createHash } from 'node:crypto';
import { API_PREFIX, type Delivery, type Frame, type Job } from '@kiln/shared';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeWorker } from '../fake-worker.ts';
import { jobEnded, WORKER_TOKEN } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { sceneOf, uploadScene } from '../scene-fixture.ts';
import { type ServerFixture, startTestServer } from '../server-fixture.ts';

/** Also tries what a worker must not do, and keeps the answers. */
class Careless extends FakeWorker {
  readonly refused: string[] = [];

  override async deliver(delivery: Delivery, frameNumber: number, text: string) {
    const bytes = Buffer.from(`careless ${text}`);
    const file = { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length };
    const stage = { startedAtMs: 0, durationMs: 1 };
    const frame = { ...file, stages: { draw: stage, encode: stage }, statistics: null };
    const never = { ...file, sha256: '0'.repeat(64) };
    const depth = { pass: 'depth' as const, ...never };
    const tries: [string, Parameters<FakeWorker['put']>[3]][] = [
      [`${frameNumber}`, frame],
      [`${frameNumber}`, { ...frame, files: [depth] }],
      [`${frameNumber}`, { ...frame, files: [depth, { ...never, pass: 'normal' as const }] }],
      [`${frameNumber}/albedo`, file],
      [`${frameNumber}/depth`, never],
      ['999/depth', file],
    ];
    for (const [path, result] of tries) {
      const answer = await this.put(delivery, path, bytes, result).catch((error: unknown) => error);
      this.refused.push(`${path}: ${answer instanceof Error ? answer.message : 'taken'}`);
    }
    return super.deliver(delivery, frameNumber, text);
  }
}

let redis: TestRedis;
let fixture: ServerFixture;
let worker: Careless;
let job: Job;
let frames: Frame[];

beforeAll(async () => {
  redis = await startRedis();
  fixture = await startTestServer({ redisUrl: redis.url, config: { workerToken: WORKER_TOKEN } });
  worker = await new Careless(fixture.server.url).start();
  const { id } = await uploadScene(fixture, sceneOf('scene'));
  const size = { widthPx: 64, heightPx: 64 };
  job = await fixture.client.createJob({
    body: { sceneId: id, layers: [{ frames: '1-2', size, passes: ['normal', 'depth', 'beauty'] }] },
  });
  await jobEnded(fixture.server.url, fixture.apiKey, job.id);
  ({ items: frames } = await fixture.client.listFrames({ params: { jobId: job.id }, query: {} }));
});
afterAll(async () => {
  await worker?.stop();
  await fixture?.stop();
  await redis?.stop();
});

const get = (path: string) => fetch(`${fixture.server.url}${path}`, { headers: fixture.client.headers });

test('are listed with all their files, the picture first', async () => {
  expect(frames.map(({ frameNumber }) => frameNumber).sort()).toEqual([1, 2]);
  for (const frame of frames) {
    const name = `000${frame.frameNumber}.png`;
    expect(frame.files.map(({ path }) => path)).toEqual([`beauty/${name}`, `depth/${name}`, `normal/${name}`]);
    expect(frame.files[0]).toMatchObject({ pass: 'beauty', sha256: frame.sha256, sizeBytes: frame.sizeBytes });
    for (const file of frame.files) {
      const text = file.pass === 'beauty' ? `frame ${frame.frameNumber}` : `${file.pass} of frame ${frame.frameNumber}`;
      const response = await get(file.url);
      expect(response.headers.get('content-type')).toBe('image/png');
      expect(await response.text()).toBe(text);
      expect(fixture.client.urls.frameFile(frame, file)).toBe(`${fixture.server.url}${file.url}`);
    }
    expect(await (await get(frame.url)).text()).toBe(`frame ${frame.frameNumber}`);
  }
});

test('are in the archive in a folder for each pass', async () => {
  const files = unzipSync(new Uint8Array(await (await get(`${API_PREFIX}/jobs/${job.id}/archive.zip`)).arrayBuffer()));
  expect(Object.keys(files).sort()).toEqual(
    ['beauty', 'depth', 'normal'].flatMap((pass) => [`${pass}/0001.png`, `${pass}/0002.png`]),
  );
  expect(new TextDecoder().decode(files['depth/0002.png'])).toBe('depth of frame 2');
});

test('have no other files than those', async () => {
  for (const path of ['albedo/0001.png', 'depth/0001.jpg', 'depth/0003.png', '..%2Fdepth/0001.png', 'null/0001.png']) {
    expect((await get(`${API_PREFIX}/jobs/${job.id}/frames/main/${path}`)).status).toBe(404);
  }
});

test('[WK6] are taken only whole, with the files that the layer asks for', () => {
  const ofFirst = worker.refused.filter((text) => text.startsWith('1')).map((text) => text.replace(/"?\}?$/, ''));
  expect(ofFirst).toEqual([
    expect.stringContaining('expected files of depth, normal, got none'),
    expect.stringContaining('expected files of depth, normal, got depth'),
    expect.stringContaining('the file of the pass depth is to come before the frame'),
    expect.stringContaining('frame 1 has no file of the pass albedo'),
    expect.stringContaining('upload.hash_mismatch'),
  ]);
  expect(worker.refused).toContainEqual(expect.stringContaining('frame 999 is not part of attempt'));
});
