/** One upload on two servers, whose turns do not know of each other. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../farm-fixture.ts';
import { findPostgres, startPostgres } from '../postgres.ts';
import { startRedis } from '../redis.ts';
import { sha256Of } from '../scene-fixture.ts';
import { startTestServer } from '../server-fixture.ts';
import { temporaryFolder } from '../store-fixture.ts';

const BYTES = 200_000;

const bin = await findPostgres();
if (bin === null) {
  test.skip('an upload on two servers: not run, because there is no PostgreSQL', () => {});
} else {
  test('what one server still writes after the other has finished the upload reaches no stored byte', async () => {
    const postgres = await startPostgres(bin);
    const redis = await startRedis();
    const home = await temporaryFolder();
    const options = { redisUrl: redis.url, home: home.path, config: { databaseUrl: await postgres.createDatabase() } };
    const one = await startTestServer(options);
    const other = await startTestServer(options);

    const bytes = randomBytes(BYTES);
    const sha256 = sha256Of(bytes);
    const headers = { ...one.client.headers, 'tus-resumable': '1.0.0' };
    const created = await fetch(one.client.urls.uploads, {
      method: 'POST',
      headers: {
        ...headers,
        'upload-length': String(BYTES),
        'upload-metadata': `sha256 ${btoa(sha256)},filename ${btoa('scene.glb')}`,
      },
    });
    const path = created.headers.get('location') ?? '';

    const held = connect(one.server.port, '127.0.0.1');
    held.write(
      `PATCH ${path} HTTP/1.1\r\nHost: 127.0.0.1:${one.server.port}\r\nAuthorization: Bearer ${one.apiKey}\r\n` +
        'Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n' +
        `Content-Length: ${BYTES}\r\n\r\n`,
    );
    held.write(bytes.subarray(0, 1));
    const offset = async () =>
      (await fetch(`${other.server.url}${path}`, { method: 'HEAD', headers })).headers.get('upload-offset');
    await until(offset, (count) => count === '1');
    const finished = await fetch(`${other.server.url}${path}`, {
      method: 'PATCH',
      headers: { ...headers, 'upload-offset': '1', 'content-type': 'application/offset+octet-stream' },
      body: new Uint8Array(bytes.subarray(1)),
    });
    expect(finished.status).toBe(204);

    held.write(Buffer.alloc(BYTES - 1));
    const answer = await new Promise<string>((resolve) =>
      held.once('data', (chunk) => resolve(chunk.toString('utf8'))),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 409 /);
    held.destroy();
    const stored = join(home.path, 'objects', sha256.slice(0, 2), sha256.slice(2, 4), sha256);
    expect((await readFile(stored)).equals(bytes)).toBe(true);

    await other.stop();
    await one.stop();
    await Promise.all([home.remove(), redis.stop(), postgres.stop()]);
  });
}
