/** What every route does with a request, before its own work. */
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { API_PREFIX, BYTE_ROUTES, ErrorBody, jobFileJsonSchema, LIMITS, parse, ROUTES } from '@kiln/shared';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { asKilnError } from '../../src/http/errors.ts';
import { createOriginCheck } from '../../src/http/origin.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { rawRequest, type ServerFixture, startTestServer } from '../server-fixture.ts';
import { temporaryFolder } from '../store-fixture.ts';

let redis: TestRedis;
let fixture: ServerFixture;
let webApp: Awaited<ReturnType<typeof temporaryFolder>>;
const FILE = { path: 'a.glb', sha256: 'a'.repeat(64), sizeBytes: 1 };
const LAYER = { frames: '1', size: { widthPx: 1, heightPx: 1 } };
const JOB = { sceneId: `scn_${'0'.repeat(20)}`, layers: [LAYER] };
const lookingWith = (fovDeg: number) => ({
  ...JOB,
  layers: [{ ...LAYER, camera: { position: [0, 0, 1], target: [0, 0, 0], fovDeg } }],
});
const PAGE = '<!doctype html><title>the page</title>';

beforeAll(async () => {
  redis = await startRedis();
  webApp = await temporaryFolder();
  await mkdir(join(webApp.path, 'assets'));
  await writeFile(join(webApp.path, 'index.html'), PAGE);
  await writeFile(join(webApp.path, 'assets', 'app-1a2b3c.js'), 'export {};');
  await mkdir(join(webApp.path, 'embed'));
  for (const name of ['kiln-preview.js', 'three-1a2b3c4d.js']) {
    await writeFile(join(webApp.path, 'embed', name), 'export {};');
  }
  fixture = await startTestServer({
    redisUrl: redis.url,
    config: { webAppDir: webApp.path, embedDir: join(webApp.path, 'embed'), allowedHosts: ['kiln.example'] },
  });
});
afterAll(async () => {
  await fixture?.stop();
  await webApp?.remove();
  await redis?.stop();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** `fetch` sets Host and Origin itself. */
function send(path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: fixture.server.port, path, method, headers, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const errorOf = ({ text }: Answer) => parse(ErrorBody, JSON.parse(text), 'the error').error;
const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  send(
    `${API_PREFIX}${path}`,
    { authorization: `Bearer ${fixture.apiKey}`, 'content-type': 'application/json', ...headers },
    'POST',
    body,
  );

describe('a bad body', () => {
  test('that is no JSON, or is empty', async () => {
    for (const body of ['{', 'nonsense', '']) {
      const answer = await post('/scenes', body);
      expect(answer.status).toBe(400);
      expect(errorOf(answer).code).toBe('request.bad_json');
    }
  });

  test.each([
    ['{"name":"x","__proto__":{"role":"operator"}}', '/__proto__'],
    ['{"name":"x","files":[{"\\u005f_proto__":1}]}', '/files/0/__proto__'],
    ['{"constructor":{"prototype":{}}}', '/constructor'],
  ])('that would change what objects inherit: %s', async (body, field) => {
    const answer = await post('/scenes', body);
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toMatchObject({ code: 'request.invalid', field, retryable: false });
  });

  test('that is too large', async () => {
    const answer = await post('/scenes', JSON.stringify({ name: 'x'.repeat(LIMITS.requestBytes) }));
    expect(answer.status).toBe(413);
    expect(errorOf(answer).code).toBe('request.too_large');
  });

  test('of another media type', async () => {
    const answer = await post('/scenes', '<a/>', { 'content-type': 'application/xml' });
    expect(answer.status).toBe(415);
    expect(errorOf(answer).code).toBe('request.unsupported_media_type');
  });

  test.each([
    [
      '/scenes',
      { name: 'x', entry: 'a.glb', files: [{ path: 'a.glb', sha256: 'x', sizeBytes: 1 }] },
      '/files/0/sha256',
    ],
    ['/scenes', { name: 'x', entry: 'a.glb', files: [] }, '/files'],
    ['/scenes', { name: 'x', entry: '../a.glb', files: [] }, '/entry'],
    ['/scenes', { entry: 'a.glb', files: [] }, '/name'],
    ['/scenes', { name: 'x', entry: 'a.glb', files: [FILE], colour: 1 }, '/colour'],
    ['/admin/tenants', { name: 7 }, '/name'],
    ['/admin/tenants', { name: 'a\0b' }, '/name'],
    ['/scenes', { name: 'half \ud83d', entry: 'a.glb', files: [FILE] }, '/name'],
    ['/jobs', { ...JOB, name: 'a\0b' }, '/name'],
    ['/jobs', { ...JOB, idempotencyKey: '\udc00' }, '/idempotencyKey'],
    ['/jobs', lookingWith(0), '/layers/0/camera/fovDeg'],
    ['/jobs', lookingWith(180), '/layers/0/camera/fovDeg'],
    ['/jobs', { ...JOB, layers: [{ ...LAYER, fps: 1e-300 }] }, '/layers/0/fps'],
    ['/jobs', { ...JOB, layers: [{ ...LAYER, clip: '\0' }] }, '/layers/0/clip'],
    ['/admin/sweep', { dryRun: 'yes' }, '/dryRun'],
  ])('%s with %j names the field %s', async (path, body, field) => {
    const answer = await post(path, JSON.stringify(body));
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toMatchObject({ code: 'request.invalid', field, retryable: false });
  });

  test('a path or query that is wrong names its place', async () => {
    const authorization = `Bearer ${fixture.apiKey}`;
    const path = await send(`${API_PREFIX}/scenes/nonsense`, { authorization });
    expect([path.status, errorOf(path).field]).toEqual([400, '/params/sceneId']);
    const query = await send(`${API_PREFIX}/scenes?limit=0`, { authorization });
    expect([query.status, errorOf(query).field]).toEqual([400, '/query/limit']);
    for (const text of ['%00', 'garbage', JOB.sceneId]) {
      const cursor = await send(`${API_PREFIX}/scenes?cursor=${text}`, { authorization });
      expect([cursor.status, errorOf(cursor).field], text).toEqual([400, '/query/cursor']);
    }
    const unknown = await send(`${API_PREFIX}/scenes?colour=red`, { authorization });
    expect([unknown.status, errorOf(unknown).field]).toEqual([400, '/query/colour']);
    expect((await send(`${API_PREFIX}/scenes?limit=5`, { authorization })).status).toBe(200);
    const undecodable = await send(`${API_PREFIX}/scenes/%E0%A4%A`, { authorization });
    expect(undecodable.status).toBe(400);
  });
});

test('a value that only the database finds impossible is the client’s fault all the same', () => {
  const refused = Object.assign(new Error('invalid byte sequence for encoding "UTF8": 0x00'), { code: '22021' });
  expect(asKilnError(refused)).toMatchObject({ code: 'request.invalid', status: 400 });
});

test('every answer has a request id, and errors repeat it', async () => {
  const first = await send(`${API_PREFIX}/nothing`, { authorization: `Bearer ${fixture.apiKey}` });
  const second = await send(`${API_PREFIX}/nothing`, { authorization: `Bearer ${fixture.apiKey}` });
  expect(first.status).toBe(404);
  expect(errorOf(first).requestId).toBe(first.headers['x-request-id']);
  expect(first.headers['x-request-id']).not.toBe(second.headers['x-request-id']);
  expect((await send('/')).headers['x-request-id']).toMatch(/^[\w-]{12}$/);
});

test('the log has a refused request under its id, and no key, code or query', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const logging = await startTestServer({ redisUrl: redis.url, log });
  const secret = `kiln_${'0'.repeat(20)}_${'S'.repeat(43)}`;
  const response = await fetch(`${logging.server.url}${API_PREFIX}/scenes?cursor=what-a-user-typed`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  const { code } = await logging.client.createSignInCode();
  await logging.stop();
  const id = response.headers.get('x-request-id') ?? '';
  const line = lines.find((text) => JSON.parse(text).reqId === id && JSON.parse(text).status === 401);
  expect(JSON.parse(line ?? '{}')).toMatchObject({ method: 'GET', path: `${API_PREFIX}/scenes` });
  const all = lines.join('');
  for (const hidden of [secret, logging.apiKey, code, 'what-a-user-typed']) expect(all).not.toContain(hidden);
});

describe('Host and Origin', () => {
  const health = `${API_PREFIX}/health/live`;
  const own = () => `127.0.0.1:${fixture.server.port}`;

  test('hosts that name the farm are served, others are not', async () => {
    for (const host of [
      own(),
      `localhost:${fixture.server.port}`,
      'localhost',
      '[::1]:1',
      'kiln.example',
      'KILN.example:80',
    ]) {
      expect((await send(health, { host })).status, host).toBe(200);
    }
    for (const host of ['evil.example', 'localhost.evil.example', '192.168.1.7', 'kiln.example@evil.example']) {
      const answer = await send(health, { host });
      expect(answer.status, host).toBe(421);
      expect(errorOf(answer).code).toBe('request.foreign_host');
      expect(JSON.stringify(answer.headers)).not.toContain(host);
    }
    expect((await send('/', { host: 'evil.example' })).status).toBe(421);
    expect(await rawRequest(fixture.server.port, `GET ${health} HTTP/1.0\r\n\r\n`)).toContain(' 421 ');
  });

  test('pages of other origins are refused, also those of another port of this machine', async () => {
    expect((await send(health, { host: own(), origin: `http://${own()}` })).status).toBe(200);
    for (const origin of [
      'http://evil.example',
      'null',
      'http://localhost:1',
      `http://127.0.0.1:${fixture.server.port + 1}`,
    ]) {
      const answer = await send(health, { host: own(), origin });
      expect(answer.status, origin).toBe(403);
      expect(errorOf(answer).code).toBe('request.foreign_origin');
      const write = await post('/admin/sign-in-codes', '', { origin });
      expect(write.status).toBe(403);
    }
  });

  test('the script for pages of other sites is open to all of them, and nothing else is', async () => {
    const foreign = { host: own(), origin: 'https://shop.example' };
    const script = await send('/embed/kiln-preview.js', foreign);
    expect(script.status).toBe(200);
    expect(script.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'cache-control': 'no-cache',
    });
    const part = await send('/embed/three-1a2b3c4d.js', foreign);
    expect(part.headers['cache-control']).toContain('immutable');
    expect((await send('/embed/kiln-preview.js', { ...foreign, host: 'evil.example' })).status).toBe(421);
    expect((await send('/embed/kiln-preview.js', foreign, 'POST')).status).toBe(403);
    for (const path of ['/embed/../index.html', '/embed/%2e%2e/index.html', '/index.html']) {
      const answer = await send(path, foreign);
      expect(answer.text).not.toContain('the page');
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
  });

  // [LV29] What a page of another site brings with it is looked at after its hello.
  test.each([
    [BYTE_ROUTES.events.path, 'our own origin only', 403],
    [BYTE_ROUTES.liveSession.path, 'any page', 101],
    ['/worker/live', 'our own origin only', 403],
  ])('the socket %s opens for %s', async (path, _whom, foreign) => {
    const url = `ws://${own()}${API_PREFIX}${path}`;
    const opens = (options: { origin?: string; headers?: Record<string, string> }) =>
      new Promise<number>((resolve) => {
        const socket = new WebSocket(url, options);
        socket.on('open', () => {
          resolve(101);
          socket.terminate();
        });
        socket.on('unexpected-response', (_request, response) => {
          resolve(response.statusCode ?? 0);
          socket.terminate();
        });
        socket.on('error', () => {});
      });
    expect(await opens({ origin: `http://${own()}` })).toBe(101);
    expect(await opens({})).toBe(101);
    expect(await opens({ origin: 'http://evil.example' })).toBe(foreign);
    expect(await opens({ headers: { host: 'evil.example' } })).toBe(421);
  });

  test('a socket at any other path is not there', async () => {
    const status = await new Promise((resolve) => {
      const socket = new WebSocket(`ws://${own()}${API_PREFIX}/scenes`);
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
      socket.on('error', () => {});
    });
    expect(status).toBe(404);
  });

  test('beyond loopback any address will do, but no name', () => {
    const { check } = createOriginCheck({
      host: '0.0.0.0',
      advertiseUrl: 'https://farm.example:8443',
      serverUrl: 'http://server-one:7700',
      allowedHosts: [],
    });
    for (const host of ['10.0.0.5:7700', '[2001:db8::1]:7700', 'localhost:7700', 'farm.example:8443']) {
      expect(() => check({ host })).not.toThrow();
    }
    for (const host of ['evil.example', '10.0.0.5.evil.example', undefined]) {
      expect(() => check(host === undefined ? {} : { host })).toThrow('Host');
    }
    expect(() => check({ host: '10.0.0.5:7700', origin: 'https://farm.example:8443' })).not.toThrow();
    expect(() => check({ host: '10.0.0.5:7700', origin: 'https://farm.example' })).toThrow('another site');
  });
});

describe('the web app', () => {
  test('its document answers the path of every page', async () => {
    for (const path of ['/', '/scenes/scn_1', '/jobs', '/jobs/', '/jobs/job_1?a=b', '/workers']) {
      const answer = await send(path);
      expect([answer.status, answer.text]).toEqual([200, PAGE]);
      expect(answer.headers['cache-control']).toBe('no-cache');
      expect(answer.headers['content-type']).toContain('text/html');
    }
  });

  test('other paths are not there, whatever has them elsewhere', async () => {
    for (const path of [
      '/metrics',
      '/scenes',
      '/scenes/scn_1/files',
      '/jobs/a/b',
      '/api',
      '/admin',
      '//jobs',
      '/.env',
    ]) {
      const answer = await send(path, { authorization: `Bearer ${fixture.apiKey}` });
      expect([answer.status, errorOf(answer).code], path).toEqual([404, 'resource.not_found']);
    }
    expect((await send('/jobs', {}, 'POST')).status).toBe(404);
  });

  test('hashed files never change; a missing file is not answered with the page', async () => {
    const file = await send('/assets/app-1a2b3c.js');
    expect(file.status).toBe(200);
    expect(file.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const missing = await send('/assets/app-older.js');
    expect(missing.status).toBe(404);
    expect(errorOf(missing).code).toBe('resource.not_found');
    expect((await send('/../../etc/passwd')).text).not.toContain('root:');
    expect((await send('/%2e%2e/%2e%2e/etc/passwd')).text).not.toContain('root:');
  });

  test.each(['GET', 'HEAD'])('%s of a path that leads out of the folder finds nothing', async (method) => {
    const authorization = `Bearer ${fixture.apiKey}`;
    for (const path of ['/..%2f', '/../x', `${API_PREFIX}/../../etc/passwd`, `${API_PREFIX}/uploads/../../x`]) {
      const answer = await send(path, { authorization }, method);
      expect(answer.status, path).toBe(404);
      if (method === 'GET') expect(errorOf(answer)).toMatchObject({ code: 'resource.not_found', retryable: false });
    }
  });

  test('may run only what it brings, and speak only to its own host', async () => {
    const policy = String((await send('/')).headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'");
    expect(policy).toContain(`connect-src 'self' blob: ws://127.0.0.1:${fixture.server.port}`);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe-inline');
  });
});

test('the description of the API has every route of the table', async () => {
  const answer = await send(`${API_PREFIX}/openapi.json`);
  expect(answer.status).toBe(200);
  const { paths, openapi } = JSON.parse(answer.text);
  expect(openapi).toBe('3.1.0');
  for (const [name, spec] of Object.entries(ROUTES)) {
    const path = `${API_PREFIX}${spec.path.replace(/:(\w+)/g, '{$1}')}`;
    const operation = paths[path]?.[spec.method.toLowerCase()];
    expect(operation, name).toMatchObject({ operationId: name, summary: spec.summary });
    if ('body' in spec) expect(operation.requestBody, name).toBeDefined();
  }
  expect(Object.keys(paths).filter((path) => path.includes('/worker/'))).toEqual([]);
});

test('the schema of job files is there for everybody', async () => {
  const answer = await send(`${API_PREFIX}/job-file.schema.json`);
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toMatch(/^application\/schema\+json/);
  expect(JSON.parse(answer.text)).toEqual(jobFileJsonSchema());
});

test('health says what it found, to everybody', async () => {
  const health = await fixture.client.health();
  expect(health).toMatchObject({
    status: 'ok',
    parts: { store: 'ok', queue: 'ok', objects: 'ok' },
    workersReady: 0,
    sandboxed: true,
    workersConfined: true,
  });
  expect(await fixture.client.ready()).toEqual({});
});

test('health says that the queue is down while Redis is, and that it is back', async () => {
  await redis.kill();
  let health = await fixture.client.health();
  while (health.parts.queue === 'ok') health = await fixture.client.health();
  expect(health).toMatchObject({ status: 'degraded', parts: { store: 'ok', queue: 'down' } });
  const raw = await send(`${API_PREFIX}/health`);
  expect(raw.status).toBe(503);
  await redis.launch();
  while (health.parts.queue === 'down') health = await fixture.client.health();
  expect(health.status).toBe('ok');
});
