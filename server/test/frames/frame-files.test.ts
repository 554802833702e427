/** Finished frames as files: one, part of one, all of them. */
import { readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { API_PREFIX, type Delivery, type Job } from '@kiln/shared';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeWorker } from '../fake-worker.ts';
import { jobEnded, jobOf, until, WORKER_TOKEN } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { sceneOf, sha256Of, uploadScene } from '../scene-fixture.ts';
import { type ServerFixture, startTestServer } from '../server-fixture.ts';

let redis: TestRedis;
let fixture: ServerFixture;
let worker: FakeWorker;
let job: Job;
let layered: Job;

/** Its frames are more than any socket holds. */
class LargeFrames extends FakeWorker {
  override deliver(delivery: Delivery, frameNumber: number) {
    return super.deliver(delivery, frameNumber, String(frameNumber).repeat(30_000_000));
  }
}

/** Files of the object store that this process has open. */
async function openObjects(): Promise<string[]> {
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  const objects = join(fixture.config.home, 'objects');
  return (await Promise.all(links)).filter((path) => /[0-9a-f]{64}$/.test(path) && path.startsWith(objects));
}

/** What the worker of these tests delivers for a frame. */
const frameText = (frameNumber: number) => `frame ${frameNumber}`;

beforeAll(async () => {
  redis = await startRedis();
  fixture = await startTestServer({ redisUrl: redis.url, config: { workerToken: WORKER_TOKEN } });
  worker = await new FakeWorker(fixture.server.url).start();
  const { id } = await uploadScene(fixture, sceneOf('scene'));
  const size = { widthPx: 64, heightPx: 64 };
  job = await fixture.client.createJob({ body: jobOf(id, '9998-10001,-3', { name: 'größe "1"/2' }) });
  layered = await fixture.client.createJob({
    body: {
      sceneId: id,
      layers: [
        { name: 'near', frames: '1-2', size },
        { name: 'far', frames: '2', size, format: 'jpeg' },
      ],
    },
  });
  for (const { id: jobId } of [job, layered]) await jobEnded(fixture.server.url, fixture.apiKey, jobId);
});
afterAll(async () => {
  await worker?.stop();
  await fixture?.stop();
  await redis?.stop();
});

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${fixture.server.url}${API_PREFIX}/jobs/${path}`, {
    method,
    headers: { ...fixture.client.headers, ...headers },
  });
const frame = (headers: Record<string, string> = {}, method = 'GET') =>
  get(`${job.id}/frames/main/9999.png`, headers, method);

describe('a frame', () => {
  test('is named by its number as the user wrote it, four digits or more', async () => {
    for (const [name, frameNumber] of [
      ['9998', 9_998],
      ['10001', 10_001],
      ['-0003', -3],
    ] as const) {
      const response = await get(`${job.id}/frames/main/${name}.png`);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('image/png');
      expect(await response.text()).toBe(frameText(frameNumber));
    }
    for (const name of ['09998.png', '9998.jpg', '9998', '9997.png', '-3.png', '..%2F9998.png', '%00']) {
      expect((await get(`${job.id}/frames/main/${name}`)).status, name).toBe(404);
    }
    expect((await get(`${job.id}/frames/other/9998.png`)).status).toBe(404);
  });

  test('is cached for ever where its address names its hash; else who has it asks, for it may be drawn anew', async () => {
    const response = await frame();
    const etag = response.headers.get('etag');
    const sha256 = sha256Of(Buffer.from(frameText(9_999)));
    expect(etag).toBe(`"${sha256}"`);
    expect(response.headers.get('cache-control')).toBe('private, no-cache');
    const cached = async (v: string) =>
      (await get(`${job.id}/frames/main/9999.png?v=${v}`)).headers.get('cache-control');
    expect(await cached(sha256.slice(0, 12))).toBe('private, max-age=31536000, immutable');
    // Too short to name it, or of what was there before.
    for (const v of ['', sha256.slice(0, 8), 'f'.repeat(24)]) expect(await cached(v)).toBe('private, no-cache');
    const again = await frame({ 'if-none-match': `"x", W/${etag}` });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect((await frame({ 'if-none-match': '"x"' })).status).toBe(200);
  });

  test.each([
    ['bytes=0-4', 206, 'frame', 'bytes 0-4/10'],
    ['bytes=6-', 206, '9999', 'bytes 6-9/10'],
    ['bytes=-2', 206, '99', 'bytes 8-9/10'],
    ['bytes=-100', 206, 'frame 9999', 'bytes 0-9/10'],
    ['bytes=6-100', 206, '9999', 'bytes 6-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=-0', 416, '', 'bytes */10'],
    ['bytes=0-1,3-4', 200, 'frame 9999', null],
    ['bytes=4-2', 200, 'frame 9999', null],
    ['lines=0-1', 200, 'frame 9999', null],
  ])('asked for %s answers %i', async (range, status, text, contentRange) => {
    const response = await frame({ range });
    expect([response.status, await response.text()]).toEqual([status, text]);
    expect(response.headers.get('content-range')).toBe(contentRange);
  });

  test('is sent whole when the range is of another version', async () => {
    expect((await frame({ range: 'bytes=0-4', 'if-range': '"older"' })).status).toBe(200);
    const etag = (await frame()).headers.get('etag') ?? '';
    expect((await frame({ range: 'bytes=0-4', 'if-range': etag })).status).toBe(206);
  });

  test('says its size without its bytes, and is saved under its name when asked', async () => {
    const head = await frame({}, 'HEAD');
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', '']);
    expect(head.headers.get('content-disposition')).toBeNull();
    const saved = await get(`${job.id}/frames/main/9999.png?download=1`);
    expect(saved.headers.get('content-disposition')).toContain('filename="9999.png"');
  });
});

describe('the archive', () => {
  const unzip = async (response: Response) =>
    Object.fromEntries(
      Object.entries(unzipSync(new Uint8Array(await response.arrayBuffer()))).map(([name, bytes]) => [
        name,
        Buffer.from(bytes).toString(),
      ]),
    );

  test('of one layer has its frames under their own names', async () => {
    const response = await get(`${job.id}/archive.zip`);
    expect(response.headers.get('content-type')).toBe('application/zip');
    expect(response.headers.get('content-disposition')).toBe(
      'attachment; filename="gr__e__1__2.zip"; filename*=UTF-8\'\'gr%C3%B6%C3%9Fe%20%221%22%2F2.zip',
    );
    const names = { '-0003.png': -3, '9998.png': 9_998, '9999.png': 9_999, '10000.png': 10_000, '10001.png': 10_001 };
    expect(await unzip(response)).toEqual(
      Object.fromEntries(Object.entries(names).map(([name, frameNumber]) => [name, frameText(frameNumber)])),
    );
  });

  test('of several has a folder for each', async () => {
    expect(await unzip(await get(`${layered.id}/archive.zip`))).toEqual({
      'near/0001.png': frameText(1),
      'near/0002.png': frameText(2),
      'far/0002.jpg': frameText(2),
    });
  });

  test('breaks off when a frame’s bytes are gone, and so never passes for whole', async () => {
    const { id } = await uploadScene(fixture, sceneOf('other'));
    const lost = await fixture.client.createJob({ body: jobOf(id, '77777-77778') });
    await jobEnded(fixture.server.url, fixture.apiKey, lost.id);
    const sha256 = sha256Of(Buffer.from(frameText(77_778)));
    await rm(`${fixture.config.home}/objects/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`);
    await expect(get(`${lost.id}/archive.zip`).then((response) => response.arrayBuffer())).rejects.toThrow();
    for (const method of ['GET', 'HEAD']) {
      const gone = await get(`${lost.id}/frames/main/77778.png`, {}, method);
      expect([gone.status, gone.headers.get('etag'), gone.headers.get('cache-control')]).toEqual([404, null, null]);
    }
  });

  test('that is not read to its end leaves no file open', async () => {
    await worker.goodbye();
    await worker.stop();
    worker = await new LargeFrames(fixture.server.url).start();
    const { id } = await uploadScene(fixture, sceneOf('large'));
    const large = await fixture.client.createJob({ body: jobOf(id, '1-2') });
    await jobEnded(fixture.server.url, fixture.apiKey, large.id);
    const response = await get(`${large.id}/archive.zip`);
    const reader = response.body?.getReader();
    await reader?.read();
    expect(await openObjects()).not.toEqual([]);
    await reader?.cancel();
    await until(openObjects, ({ length }) => length === 0);
  });
});
