/** Who may do what, for every route of the table: a new row is covered without a line here. */
import { API_PREFIX, ErrorBody, parse, ROUTES, type RouteSpec } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sessionCookieName } from '../../src/identity/session-cookie.ts';
import { FakeWorker } from '../fake-worker.ts';
import { jobEnded, jobOf, WORKER_TOKEN } from '../farm-fixture.ts';
import { VIEW } from '../live/live-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { sceneOf, uploadScene } from '../scene-fixture.ts';
import { type ServerFixture, startTestServer } from '../server-fixture.ts';
import { TestSocket } from '../socket-fixture.ts';

const ALL = Object.entries(ROUTES).map(([name, spec]): { name: string; spec: RouteSpec } => ({ name, spec }));
const GUARDED = ALL.filter(({ spec }) => spec.identity !== 'none');

/** Bodies of routes that must be told something. */
const WHAT_WOULD_DO: ReadonlyMap<RouteSpec, unknown> = new Map<RouteSpec, unknown>([
  [ROUTES.editJob, { priority: 1 }],
  [ROUTES.editWebhook, { enabled: false }],
]);

let redis: TestRedis;
let fixture: ServerFixture;
let worker: FakeWorker;
/** Of the first tenant's session. */
let socket: TestSocket;
/** What the first tenant has, under the names that routes give their parameters. */
let mine: Record<string, string>;
/** Paths of bytes that belong to the first tenant. */
let byteRoutes: { method: string; path: string; headers?: Record<string, string> }[];
let otherKey: string;

beforeAll(async () => {
  redis = await startRedis();
  fixture = await startTestServer({
    redisUrl: redis.url,
    config: { workerToken: WORKER_TOKEN, webhookPrivate: 'all' },
  });
  worker = await new FakeWorker(fixture.server.url).start();
  // Nobody listens there.
  const hook = { url: 'http://127.0.0.1:9/', events: ['job.succeeded' as const] };
  const { webhook } = await fixture.client.createWebhook({ body: hook });
  const delivery = await fixture.client.testWebhook({ params: { webhookId: webhook.id } });
  const scene = await uploadScene(fixture, sceneOf('mine'));
  const job = await fixture.client.createJob({ body: jobOf(scene.id, '1-2') });
  await jobEnded(fixture.server.url, fixture.apiKey, job.id);
  const estimate = await fixture.client.createEstimate({ body: jobOf(scene.id, '1-2') });
  const token = await fixture.client.createToken({ body: { sceneIds: [scene.id], origins: ['*'] } });
  const created = await fetch(`${fixture.client.urls.uploads}`, {
    method: 'POST',
    headers: {
      ...fixture.client.headers,
      'tus-resumable': '1.0.0',
      'upload-length': '5',
      'upload-metadata': `sha256 ${btoa('a'.repeat(64))},filename ${btoa('x')}`,
    },
  });
  const upload = created.headers.get('location') ?? '';
  socket = new TestSocket(`${fixture.server.url.replace('http', 'ws')}${API_PREFIX}/live`, fixture.apiKey);
  await socket.say({ type: 'hello', protocols: [1], sceneId: scene.id, view: VIEW, codecs: ['jpeg'] });
  const sessionId = String((await socket.next('welcome')).sessionId);
  mine = {
    sessionId,
    sceneId: scene.id,
    jobId: job.id,
    tenantId: (await fixture.client.me()).tenant.id,
    webhookId: webhook.id,
    deliveryId: delivery.id,
    tokenId: token.id,
    // Of a limit.
    name: 'redshift',
    estimateId: estimate.id,
  };
  const tus = { 'tus-resumable': '1.0.0' };
  byteRoutes = [
    { method: 'GET', path: `${API_PREFIX}/scenes/${scene.id}/thumbnail` },
    { method: 'GET', path: `${API_PREFIX}/jobs/${job.id}/frames/main/0001.png` },
    { method: 'HEAD', path: `${API_PREFIX}/jobs/${job.id}/frames/main/0001.png` },
    { method: 'GET', path: `${API_PREFIX}/jobs/${job.id}/archive.zip` },
    { method: 'HEAD', path: upload, headers: tus },
    {
      method: 'PATCH',
      path: upload,
      headers: { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
    },
    { method: 'DELETE', path: upload, headers: tus },
  ];
  otherKey = (await fixture.newTenant('other')).apiKey;
});
afterAll(async () => {
  socket?.cut();
  await worker?.stop();
  await fixture?.stop();
  await redis?.stop();
});

function send(
  spec: Pick<RouteSpec, 'method' | 'path' | 'body'>,
  key: string | null,
  body?: unknown,
): Promise<Response> {
  const path = spec.path.replace(/:(\w+)/g, (_, name: string) => {
    const id = mine[name];
    if (id === undefined) throw new Error(`this test knows nothing that a path calls :${name}; add it to \`mine\``);
    return id;
  });
  return fetch(`${fixture.server.url}${API_PREFIX}${path}`, {
    method: spec.method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(spec.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(spec.body === undefined ? {} : { body: JSON.stringify(body ?? {}) }),
  });
}

async function codeOf(response: Response): Promise<string> {
  return parse(ErrorBody, await response.json(), 'the error').error.code;
}

/** A key of the right form that nobody has. */
const STRANGER = `kiln_${'0'.repeat(20)}_${'A'.repeat(43)}`;
const wrongKeys = () => [null, '', 'x', STRANGER, `${otherKey.slice(0, -1)}${otherKey.endsWith('A') ? 'B' : 'A'}`];

describe('without a valid key', () => {
  test.each(GUARDED)('$name answers 401, whatever the key is', async ({ spec }) => {
    for (const key of wrongKeys()) {
      const response = await send(spec, key);
      expect(response.status).toBe(401);
      expect(await codeOf(response)).toBe('identity.missing');
    }
  });

  test('what exists and what does not are answered alike', async () => {
    const paths = [`/scenes/${mine.sceneId}`, '/scenes/scn_00000000000000000000', '/nothing'];
    const answers = await Promise.all(
      paths.map(async (path) => {
        const response = await fetch(`${fixture.server.url}${API_PREFIX}${path}`);
        const { error } = parse(ErrorBody, await response.json(), 'the error');
        return JSON.stringify({ status: response.status, code: error.code, message: error.message });
      }),
    );
    expect(new Set(answers).size).toBe(1);
  });

  test('bytes answer 401', async () => {
    for (const { method, path, headers } of byteRoutes) {
      const response = await fetch(`${fixture.server.url}${path}`, { method, headers: headers ?? {} });
      expect(response.status, `${method} ${path}`).toBe(401);
    }
  });
});

describe('another tenant', () => {
  const ofTenants = ALL.filter(({ spec }) => spec.params !== undefined && spec.identity === 'tenant');
  test.each(ofTenants)('$name answers 404', async ({ spec }) => {
    const response = await send(spec, otherKey, WHAT_WOULD_DO.get(spec) ?? {});
    expect(response.status).toBe(404);
    expect(await codeOf(response)).toBe('resource.not_found');
  });

  test.each(ALL.filter(({ spec }) => spec.identity === 'operator'))('$name is refused a member', async ({ spec }) => {
    const response = await send(spec, otherKey);
    expect(response.status).toBe(403);
    expect(await codeOf(response)).toBe('identity.forbidden');
  });

  test('a job of its own on the first tenant’s scene answers 404', async () => {
    const response = await send(ROUTES.createJob, otherKey, jobOf(mine.sceneId ?? '', '1'));
    expect(response.status).toBe(404);
  });

  test('bytes answer 404', async () => {
    for (const { method, path, headers } of byteRoutes) {
      const response = await fetch(`${fixture.server.url}${path}`, {
        method,
        headers: { ...headers, authorization: `Bearer ${otherKey}` },
      });
      expect(response.status, `${method} ${path}`).toBe(404);
    }
  });

  test.each(ALL.filter(({ spec }) => spec.method === 'GET' && spec.identity === 'tenant' && spec.params === undefined))(
    '$name names nothing of the first tenant',
    async ({ spec }) => {
      const text = await (await send(spec, otherKey)).text();
      const { tenant } = await fixture.client.me();
      for (const id of [...Object.values(mine), tenant.id]) expect(text).not.toContain(id);
    },
  );

  test('the first tenant still has all of it', async () => {
    for (const { method, path, headers } of byteRoutes.filter((route) => route.method === 'HEAD')) {
      const response = await fetch(`${fixture.server.url}${path}`, {
        method,
        headers: { ...headers, ...fixture.client.headers },
      });
      expect(response.status, `${method} ${path}`).toBe(200);
    }
  });
});

describe('sign-in', () => {
  const signIn = (body: unknown) =>
    fetch(`${fixture.server.url}${API_PREFIX}/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const me = (cookie: string) => fetch(`${fixture.server.url}${API_PREFIX}/me`, { headers: { cookie } });
  const cookieOf = (response: Response) => response.headers.get('set-cookie')?.split(';', 1)[0] ?? '';

  test('a code becomes a cookie once; signing out ends it', async () => {
    const { code, url } = await fixture.client.createSignInCode();
    expect(url).toBe(`${fixture.server.url}/#code=${code}`);
    const answers = await Promise.all([signIn({ code }), signIn({ code })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    const good = answers.find(({ ok }) => ok) ?? answers[0];
    const setCookie = good.headers.get('set-cookie') ?? '';
    expect(setCookie).toMatch(new RegExp(`^kiln_session_${fixture.server.port}=[\\w-]{43}; .*HttpOnly`));
    expect(setCookie).toContain('SameSite=Strict');
    expect(setCookie).toContain('Path=/');
    const cookie = cookieOf(good);
    expect(await (await me(cookie)).json()).toEqual(await fixture.client.me());

    const out = await fetch(`${fixture.server.url}${API_PREFIX}/sign-out`, { method: 'POST', headers: { cookie } });
    expect(out.status).toBe(200);
    expect((await me(cookie)).status).toBe(401);
    expect((await me(`kiln_session_${fixture.server.port}=`)).status).toBe(401);
  });

  test('the cookie of another port of this host means nothing here, and is left as it is', async () => {
    const cookie = cookieOf(await signIn({ apiKey: otherKey }));
    const elsewhere = cookie.replace(`_${fixture.server.port}=`, '_1=');
    expect((await me(elsewhere)).status).toBe(401);
    expect((await me(`${elsewhere}; ${cookie}`)).status).toBe(200);
    const out = await fetch(`${fixture.server.url}${API_PREFIX}/sign-out`, { method: 'POST', headers: { cookie } });
    expect(out.headers.getSetCookie()).toEqual([expect.stringMatching(`^kiln_session_${fixture.server.port}=;`)]);
    const description = await fetch(`${fixture.server.url}${API_PREFIX}/openapi.json`);
    const cookieScheme = { name: `kiln_session_${fixture.server.port}` };
    expect(await description.json()).toMatchObject({ components: { securitySchemes: { cookie: cookieScheme } } });
    expect(sessionCookieName('https://farm.example')).toBe('kiln_session_443');
    expect(sessionCookieName('http://farm.example/')).toBe('kiln_session_80');
  });

  test('a key becomes a cookie of its own tenant', async () => {
    const answer = await signIn({ apiKey: otherKey });
    expect(await answer.json()).toMatchObject({ tenant: { name: 'other' }, role: 'member' });
    expect((await me(cookieOf(answer))).status).toBe(200);
  });

  test('wants one of the two, and says that nothing else is right', async () => {
    for (const body of [{}, { code: 'x', apiKey: 'y' }]) expect((await signIn(body)).status).toBe(400);
    const wrong = await signIn({ apiKey: STRANGER });
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get('set-cookie')).toBeNull();
  });

  test('a cookie does not make a wrong key right', async () => {
    const cookie = cookieOf(await signIn({ apiKey: otherKey }));
    const response = await fetch(`${fixture.server.url}${API_PREFIX}/me`, {
      headers: { cookie, authorization: `Bearer ${STRANGER}` },
    });
    expect(response.status).toBe(401);
  });

  test('who fails too often has to wait, also with the right one', async () => {
    let last = await signIn({ code: 'wrong' });
    for (let tries = 0; tries < 25 && last.status === 401; tries++) last = await signIn({ code: 'wrong' });
    expect(last.status).toBe(429);
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await signIn({ apiKey: otherKey })).status).toBe(429);
  });
});
