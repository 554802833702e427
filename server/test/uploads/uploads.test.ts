import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ErrorBody, LIMITS, parse } from '@kiln/shared';
import { DetailedError, Upload } from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../farm-fixture.ts';
import { findPostgres, startPostgres } from '../postgres.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { sceneOf, sendBytes, sha256Of } from '../scene-fixture.ts';
import { type ServerFixture, startTestServer } from '../server-fixture.ts';
import { placePglite, temporaryFolder } from '../store-fixture.ts';

const run = promisify(execFile);
const TUS = { 'tus-resumable': '1.0.0' };
const BYTES_TYPE = 'application/offset+octet-stream';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

function create(fixture: ServerFixture, sha256: string, sizeBytes: number, headers: Record<string, string> = {}) {
  return fetch(fixture.client.urls.uploads, {
    method: 'POST',
    headers: {
      ...fixture.client.headers,
      ...TUS,
      'upload-length': String(sizeBytes),
      'upload-metadata': `sha256 ${btoa(sha256)},filename ${btoa('scene.glb')}`,
      ...headers,
    },
  });
}

/** Path of a new upload. */
async function newUpload(fixture: ServerFixture, sha256: string, sizeBytes: number): Promise<string> {
  const response = await create(fixture, sha256, sizeBytes);
  expect(response.status).toBe(201);
  return response.headers.get('location') ?? '';
}

function patch(fixture: ServerFixture, path: string, offset: number, bytes: Uint8Array): Promise<Response> {
  return fetch(`${fixture.server.url}${path}`, {
    method: 'PATCH',
    headers: { ...fixture.client.headers, ...TUS, 'upload-offset': String(offset), 'content-type': BYTES_TYPE },
    body: new Uint8Array(bytes),
  });
}

async function offsetOf(fixture: ServerFixture, path: string): Promise<number | null> {
  const response = await fetch(`${fixture.server.url}${path}`, {
    method: 'HEAD',
    headers: { ...fixture.client.headers, ...TUS },
  });
  return response.ok ? Number(response.headers.get('upload-offset')) : null;
}

/** Sends a PATCH that announces all of `bytes`, and cuts the line after `count` of them. */
function patchCutAfter(
  fixture: ServerFixture,
  path: string,
  offset: number,
  bytes: Buffer,
  count: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(fixture.server.port, '127.0.0.1', () => {
      socket.write(
        `PATCH ${path} HTTP/1.1\r\nHost: 127.0.0.1:${fixture.server.port}\r\nAuthorization: Bearer ${fixture.apiKey}\r\n` +
          `Tus-Resumable: 1.0.0\r\nUpload-Offset: ${offset}\r\nContent-Type: ${BYTES_TYPE}\r\n` +
          `Content-Length: ${bytes.length}\r\n\r\n`,
      );
      socket.write(bytes.subarray(0, count), () => socket.destroy());
    });
    socket.on('close', () => resolve());
    socket.on('error', reject);
  });
}

const codeOf = async (response: Response) => parse(ErrorBody, await response.json(), 'the error').error.code;

describe('on a running server', () => {
  let fixture: ServerFixture;
  beforeAll(async () => {
    fixture = await startTestServer({ redisUrl: redis.url });
  });
  afterAll(() => fixture?.stop());

  const filesIn = async (folder: string) =>
    (await readdir(join(fixture.config.home, folder), { recursive: true, withFileTypes: true }).catch(() => []))
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.lock'))
      .map((entry) => entry.name);

  test('cut anywhere it goes on from there, and what is stored is what was sent', async () => {
    const bytes = randomBytes(300_000);
    const sha256 = sha256Of(bytes);
    const path = await newUpload(fixture, sha256, bytes.length);
    const cuts = [0, 1, 65_535, 65_536, 65_537, ...Array.from({ length: 5 }, () => Math.floor(Math.random() * 60_000))];
    let offset = 0;
    for (const cut of cuts) {
      await patchCutAfter(fixture, path, offset, bytes.subarray(offset), Math.min(cut, bytes.length - offset - 1));
      const now = await offsetOf(fixture, path);
      expect(now, `cuts ${cuts}`).toBeGreaterThanOrEqual(offset);
      expect(now, `cuts ${cuts}`).toBeLessThan(bytes.length);
      offset = now ?? 0;
    }
    let response: Response;
    do {
      offset = (await offsetOf(fixture, path)) ?? 0;
      response = await patch(fixture, path, offset, bytes.subarray(offset));
      // What was cut last may only come now: whoever resumes asks again.
    } while (response.status === 409);
    expect(offset, `cuts ${cuts}`).toBeGreaterThan(0);
    expect(response.status).toBe(204);
    expect(response.headers.get('upload-offset')).toBe(String(bytes.length));
    const stored = join(fixture.config.home, 'objects', sha256.slice(0, 2), sha256.slice(2, 4), sha256);
    expect(await readFile(stored)).toEqual(bytes);
    expect(await filesIn('uploads')).toEqual([]);
    // Whoever did not hear of the end is told that nothing is missing.
    expect(await offsetOf(fixture, path)).toBe(bytes.length);
  });

  test('a client that resumes takes the upload over from its own request that still hangs', async () => {
    const bytes = randomBytes(200_000);
    const path = await newUpload(fixture, sha256Of(bytes), bytes.length);
    const socket = connect(fixture.server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(
      `PATCH ${path} HTTP/1.1\r\nHost: 127.0.0.1:${fixture.server.port}\r\nAuthorization: Bearer ${fixture.apiKey}\r\n` +
        `Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: ${BYTES_TYPE}\r\nContent-Length: 200000\r\n\r\n`,
    );
    socket.write(bytes.subarray(0, 50_000));
    const file = join(fixture.config.home, 'uploads', path.split('/').at(-1) ?? '');
    await until(
      () => stat(file),
      ({ size }) => size === 50_000,
    );
    const offset = (await offsetOf(fixture, path)) ?? 0;
    expect(offset).toBe(50_000);
    expect((await patch(fixture, path, offset, bytes.subarray(offset))).status).toBe(204);
    socket.destroy();
    expect(await offsetOf(fixture, path)).toBe(bytes.length);
  });

  test('a file in one request with its announcement', async () => {
    const bytes = randomBytes(10_000);
    const response = await sendBytes(fixture, sha256Of(bytes), bytes);
    expect(response.status).toBe(201);
    expect(response.headers.get('upload-offset')).toBe('10000');
  });

  test('bytes that are not those announced are refused and dropped', async () => {
    const before = (await filesIn('objects')).length;
    const uploadsBefore = await filesIn('uploads');
    const bytes = randomBytes(10_000);
    const path = await newUpload(fixture, '0'.repeat(64), bytes.length);
    const response = await patch(fixture, path, 0, bytes);
    expect(response.status).toBe(422);
    expect(await codeOf(response)).toBe('upload.hash_mismatch');
    expect(await offsetOf(fixture, path)).toBeNull();
    expect(await filesIn('uploads')).toEqual(uploadsBefore);
    expect(await filesIn('objects')).toHaveLength(before);
    const { missing } = await fixture.client.createScene({
      body: { name: 'x', entry: 'a.glb', files: [{ path: 'a.glb', sha256: sha256Of(bytes), sizeBytes: 10_000 }] },
    });
    expect(missing).toEqual([sha256Of(bytes)]);
  });

  test('one byte more than announced is refused, and none of that request kept', async () => {
    const bytes = randomBytes(1_000);
    const path = await newUpload(fixture, sha256Of(bytes), 1_000);
    expect((await patch(fixture, path, 0, bytes.subarray(0, 400))).status).toBe(204);
    const response = await patch(fixture, path, 400, randomBytes(601));
    expect(response.status).toBe(413);
    expect(await codeOf(response)).toBe('upload.over_limit');
    expect(await offsetOf(fixture, path)).toBe(400);
    expect((await patch(fixture, path, 400, bytes.subarray(400))).status).toBe(204);
  });

  test('bytes for another place than where the upload is are refused', async () => {
    const bytes = randomBytes(1_000);
    const path = await newUpload(fixture, sha256Of(bytes), 1_000);
    for (const offset of [1, 1_000, 2_000]) {
      const response = await patch(fixture, path, offset, bytes.subarray(offset));
      expect(response.status).toBe(409);
    }
    expect(await offsetOf(fixture, path)).toBe(0);
  });

  test.each([
    ['a file over the limit', 'a'.repeat(64), LIMITS.fileBytes + 1, {}, 413, 'upload.over_limit'],
    ['a file without bytes', 'a'.repeat(64), 0, {}, 422, 'scene.empty_file'],
    ['a hash that is none', 'A'.repeat(64), 5, {}, 400, 'request.invalid'],
    ['no metadata', 'a'.repeat(64), 5, { 'upload-metadata': '' }, 400, 'request.invalid'],
    ['no length', 'a'.repeat(64), 5, { 'upload-length': 'x' }, 400, 'request.invalid'],
    ['a part of a concatenation', 'a'.repeat(64), 5, { 'upload-concat': 'partial' }, 400, 'request.invalid'],
    ['a concatenation', 'a'.repeat(64), 5, { 'upload-concat': 'final;/a /b' }, 400, 'request.invalid'],
    ['another version of tus', 'a'.repeat(64), 5, { 'tus-resumable': '0.2.2' }, 412, 'upload.version'],
  ])('%s is refused at once', async (_what, sha256, sizeBytes, headers, status, code) => {
    const response = await create(fixture, sha256, sizeBytes, headers);
    expect([response.status, await codeOf(response)]).toEqual([status, code]);
  });

  test('a size that the file with this hash does not have is refused with its place, to whoever has the file', async () => {
    const bytes = randomBytes(1_000);
    const sha256 = sha256Of(bytes);
    await sendBytes(fixture, sha256, bytes);
    const wrong = await create(fixture, sha256, 999);
    expect(wrong.status).toBe(400);
    const { code, field } = parse(ErrorBody, await wrong.json(), 'the error').error;
    expect([code, field]).toEqual(['request.invalid', '/headers/upload-length']);
    expect((await create(fixture, sha256, 1_000)).status).toBe(201);

    const file = (path: string, sizeBytes: number, hash = sha256) => ({ path, sha256: hash, sizeBytes });
    const body = (...files: ReturnType<typeof file>[]) => ({ body: { name: 'x', entry: 'a.glb', files } });
    const refused = { code: 'request.invalid', field: '/files/1/sizeBytes' };
    const announce = (...files: ReturnType<typeof file>[]) => fixture.client.createScene(body(...files));
    await expect(announce(file('a.glb', 1_000), file('b.bin', 1_001))).rejects.toMatchObject(refused);
    const unknown = sha256Of(randomBytes(9));
    const twoSizes = announce(file('a.glb', 9, unknown), file('b.bin', 8, unknown));
    await expect(twoSizes).rejects.toMatchObject(refused);

    // Of another tenant nobody hears that there is such a file.
    const other = await fixture.newTenant('with the wrong size');
    const { missing } = await other.client.createScene(body(file('a.glb', 999)));
    expect(missing).toEqual([sha256]);
  });

  test('an upload that its client ends is gone', async () => {
    const before = await filesIn('uploads');
    const path = await newUpload(fixture, 'a'.repeat(64), 100);
    await patch(fixture, path, 0, randomBytes(50));
    const ended = await fetch(`${fixture.server.url}${path}`, {
      method: 'DELETE',
      headers: { ...fixture.client.headers, ...TUS },
    });
    expect(ended.status).toBe(204);
    expect(await offsetOf(fixture, path)).toBeNull();
    expect(await filesIn('uploads')).toEqual(before);
  });

  test('says what it can do', async () => {
    const response = await fetch(fixture.client.urls.uploads, { method: 'OPTIONS' });
    expect(response.status).toBe(204);
    expect(response.headers.get('tus-version')).toBe('1.0.0');
    expect(response.headers.get('tus-extension')).toContain('creation');
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('a tus client of another maker uploads in chunks, and hears of a wrong hash', async () => {
    const bytes = randomBytes(500_000);
    const upload = (sha256: string) =>
      new Promise<unknown>((resolve) => {
        new Upload(bytes, {
          endpoint: fixture.client.urls.uploads,
          headers: { ...fixture.client.headers },
          metadata: { sha256, filename: 'größe.glb' },
          chunkSize: 120_000,
          retryDelays: [0],
          onSuccess: () => resolve('done'),
          onError: resolve,
        }).start();
      });
    expect(await upload(sha256Of(bytes))).toBe('done');
    const error = await upload('0'.repeat(64));
    expect(error).toBeInstanceOf(DetailedError);
    expect(error instanceof DetailedError && error.originalResponse?.getBody()).toContain('upload.hash_mismatch');
  });

  test('of two scenes that wait for one file, and files that end at once, each goes on when its last is here', async () => {
    const shared = randomBytes(2_000);
    const parts = Array.from({ length: 8 }, () => randomBytes(2_000));
    const one = sceneOf('one', {
      'one.gltf': randomBytes(500),
      'shared.bin': shared,
      ...Object.fromEntries(parts.map((bytes, index) => [`part-${index}.bin`, bytes])),
    });
    const two = sceneOf('two', { 'two.gltf': randomBytes(500), 'shared.bin': shared });
    const first = await fixture.client.createScene({ body: one.manifest });
    const second = await fixture.client.createScene({ body: two.manifest });
    expect(first.missing).toHaveLength(10);
    const all = new Map([...one.bytes, ...two.bytes]);
    const responses = await Promise.all([...all].map(([sha256, bytes]) => sendBytes(fixture, sha256, bytes)));
    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 11 }, () => 201));
    for (const { id } of [first, second]) {
      expect(await fixture.client.getScene({ params: { sceneId: id } })).toMatchObject({
        state: 'importing',
        missing: [],
      });
    }
  });
});

test('an upload goes on after the server was stopped in the middle, and is checked as a whole', async () => {
  const folder = await temporaryFolder();
  await placePglite(folder.path);
  const bytes = randomBytes(200_000);
  let fixture = await startTestServer({ redisUrl: redis.url, home: folder.path });
  const good = await newUpload(fixture, sha256Of(bytes), bytes.length);
  const bad = await newUpload(fixture, sha256Of(bytes), bytes.length);
  expect((await patch(fixture, good, 0, bytes.subarray(0, 77_777))).status).toBe(204);
  const wrong = Buffer.from(bytes);
  wrong[10] = (wrong[10] ?? 0) ^ 1;
  expect((await patch(fixture, bad, 0, wrong.subarray(0, 77_777))).status).toBe(204);
  await fixture.stop();

  fixture = await startTestServer({ redisUrl: redis.url, home: folder.path });
  expect(await offsetOf(fixture, good)).toBe(77_777);
  expect((await patch(fixture, good, 77_777, bytes.subarray(77_777))).status).toBe(204);
  const response = await patch(fixture, bad, 77_777, bytes.subarray(77_777));
  expect([response.status, await codeOf(response)]).toEqual([422, 'upload.hash_mismatch']);
  await fixture.stop();
  await folder.remove();
});

const bin = await findPostgres();
if (process.getuid?.() !== 0 || bin === null) {
  test.skip('a full disk: not run, because it takes root (to mount a small one) and a PostgreSQL (to have the store elsewhere)', () => {});
} else {
  test('a full disk is told as such, nothing of the request is kept, and it goes on when there is room', async () => {
    const postgres = await startPostgres(bin);
    const folder = await temporaryFolder();
    await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder.path]);
    try {
      const databaseUrl = await postgres.createDatabase();
      const fixture = await startTestServer({ redisUrl: redis.url, home: folder.path, config: { databaseUrl } });
      const tooLarge = await create(fixture, 'a'.repeat(64), 8_000_000);
      expect([tooLarge.status, await codeOf(tooLarge)]).toEqual([507, 'storage.full']);

      // Two that fit one by one; together they do not.
      const one = randomBytes(1_900_000);
      const two = randomBytes(1_900_000);
      const paths = [
        await newUpload(fixture, sha256Of(one), one.length),
        await newUpload(fixture, sha256Of(two), two.length),
      ];
      const [first = '', second = ''] = paths;
      expect((await patch(fixture, second, 0, two.subarray(0, 100_000))).status).toBe(204);
      expect((await patch(fixture, first, 0, one)).status).toBe(204);
      const full = await patch(fixture, second, 100_000, two.subarray(100_000));
      expect([full.status, await codeOf(full)]).toEqual([507, 'storage.full']);
      expect(await offsetOf(fixture, second)).toBe(100_000);
      const stored = join(folder.path, 'objects', sha256Of(one).slice(0, 2), sha256Of(one).slice(2, 4), sha256Of(one));
      expect(await readFile(stored)).toEqual(one);

      await run('mount', ['-o', 'remount,size=16m', folder.path]);
      expect((await patch(fixture, second, 100_000, two.subarray(100_000))).status).toBe(204);
      await fixture.stop();
    } finally {
      await run('umount', [folder.path]);
      await folder.remove();
      await postgres.stop();
    }
  });
}
