import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ROUTES } from '../../src/api/routes.ts';
import { createClient } from '../../src/client/client.ts';
import { allPages } from '../../src/client/pages.ts';
import { apiUrls } from '../../src/client/urls.ts';
import { type Farm, json, startFarm } from './farm.ts';
import { JOB_ID, job, SCENE_ID } from './samples.ts';

let farm: Farm;
beforeAll(async () => {
  farm = await startFarm();
});
beforeEach(() => {
  farm.asked.length = 0;
});
afterAll(() => farm.close());

const client = (apiKey?: string) => createClient({ url: farm.url, fetch, ...(apiKey === undefined ? {} : { apiKey }) });
const params = { jobId: JOB_ID };
const errorBody = (change: object) => ({
  error: {
    code: 'resource.not_found',
    message: 'There is no such job.',
    retryable: false,
    requestId: 'req-1',
    ...change,
  },
});

describe('the client', () => {
  it('has a function for every route', () => {
    const calls = client();
    for (const name of Object.keys(ROUTES)) expect(calls).toHaveProperty(name, expect.any(Function));
  });

  it('asks with method, path, body and key, and gives the answer back', async () => {
    farm.answer = json(job(), 201);
    const body = { sceneId: SCENE_ID, layers: [{ frames: '1-3', size: { widthPx: 64, heightPx: 64 } }] };
    await expect(client('kiln_secret').createJob({ body })).resolves.toEqual(job());
    expect(farm.asked).toEqual([
      {
        method: 'POST',
        url: '/api/v1/jobs',
        body: JSON.stringify(body),
        headers: expect.objectContaining({
          authorization: 'Bearer kiln_secret',
          'content-type': 'application/json',
          accept: 'application/json',
        }),
      },
    ]);
  });

  it('sends no key, body or content type that it does not have', async () => {
    farm.answer = json(job({ state: 'cancelled' }));
    await client().cancelJob({ params });
    expect(farm.asked[0]).toMatchObject({ method: 'POST', url: `/api/v1/jobs/${JOB_ID}/cancel`, body: '' });
    expect(farm.asked[0]?.headers).not.toHaveProperty('authorization');
    expect(farm.asked[0]?.headers).not.toHaveProperty('content-type');
  });

  it('writes queries, and leaves out what is not asked', async () => {
    farm.answer = json({ items: [], next: null });
    await client().listJobs();
    await client().listJobs({ query: {} });
    await client().listJobs({ query: { limit: 5, cursor: 'a/b&c=ü' } });
    expect(farm.asked.map(({ url }) => url)).toEqual([
      '/api/v1/jobs',
      '/api/v1/jobs',
      '/api/v1/jobs?limit=5&cursor=a%2Fb%26c%3D%C3%BC',
    ]);
  });

  it('hands credentials on to fetch', async () => {
    const seen: unknown[] = [];
    const cookies = createClient({
      url: farm.url,
      credentials: 'include',
      fetch: (url, init) => {
        seen.push(init.credentials);
        return fetch(url, init);
      },
    });
    farm.answer = json({});
    await cookies.live();
    expect(seen).toEqual(['include']);
  });

  it('sends nothing for a parameter that cannot be right', async () => {
    await expect(client().getJob({ params: { jobId: '../tenants' } })).rejects.toMatchObject({
      code: 'request.invalid',
      field: '/jobId',
    });
    expect(farm.asked).toEqual([]);
  });

  it('takes no content as an empty answer', async () => {
    farm.answer = (_, response) => response.writeHead(204).end();
    await expect(client().signOut()).resolves.toEqual({});
  });

  it('gives the health of a farm that is not well', async () => {
    const health = {
      status: 'degraded',
      version: '0.1.0',
      parts: { store: 'ok', queue: 'down', objects: 'ok' },
      workersReady: 0,
      sandboxed: true,
      workersConfined: true,
    };
    farm.answer = json(health, 503);
    await expect(client().health()).resolves.toEqual(health);
    // Other routes have no such answer.
    farm.answer = json({}, 503);
    await expect(client().ready()).rejects.toMatchObject({ code: 'client.unreachable' });
  });
});

describe('errors of the client', () => {
  it('are what the body says', async () => {
    farm.answer = json(
      errorBody({ code: 'job.bad_frame_range', message: 'expected a step', field: '/layers/0/frames', position: 4 }),
      400,
    );
    await expect(client().getJob({ params })).rejects.toMatchObject({
      name: 'KilnError',
      code: 'job.bad_frame_range',
      message: 'expected a step',
      field: '/layers/0/frames',
      position: 4,
      requestId: 'req-1',
    });
  });

  it('keep the message of a code that this build does not know', async () => {
    farm.answer = json(errorBody({ code: 'job.from_the_future', message: 'Too early.' }), 425);
    await expect(client().getJob({ params })).rejects.toMatchObject({
      code: 'server.internal',
      message: 'Too early. (job.from_the_future)',
    });
  });

  it.each([
    [401, 'identity.missing'],
    [403, 'identity.forbidden'],
    [404, 'resource.not_found'],
    [413, 'request.too_large'],
    [429, 'request.too_many'],
    [502, 'client.unreachable'],
    [503, 'client.unreachable'],
    [418, 'client.bad_answer'],
  ])('with status %d and a page of somebody else’s are %s', async (status, code) => {
    farm.answer = (_, response) => response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>proxy</h1>');
    await expect(client().getJob({ params })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`status ${status}: <h1>proxy</h1>`),
    });
  });

  it('tell an answer that is no JSON, and one that is none of ours', async () => {
    farm.answer = (_, response) => response.end('hello');
    await expect(client().me()).rejects.toMatchObject({
      code: 'client.bad_answer',
      message: expect.stringContaining('is there a Kiln server at this address?'),
    });
    farm.answer = json({ ...job(), state: 'dreaming' });
    await expect(client().getJob({ params })).rejects.toMatchObject({
      code: 'client.bad_answer',
      field: '/state',
      message: expect.stringMatching(/expected one of queued, .* got "dreaming"/),
    });
  });

  it('tell that nothing answers, and why', async () => {
    const gone = await startFarm();
    await gone.close();
    const lost = createClient({ url: gone.url, fetch });
    await expect(lost.me()).rejects.toMatchObject({
      code: 'client.unreachable',
      retryable: true,
      message: expect.stringMatching(/^GET http:\/\/127\.0\.0\.1:\d+\/api\/v1\/me got no answer: .*ECONNREFUSED/),
    });
  });

  it('tell that the connection broke in the middle of an answer', async () => {
    farm.answer = (_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"id"');
      setImmediate(() => response.destroy());
    };
    await expect(client().me()).rejects.toMatchObject({ code: 'client.unreachable' });
  });

  it('never hold the key', async () => {
    farm.answer = (_, response) => response.writeHead(500).end('no');
    await expect(client('kiln_secret').me()).rejects.toSatisfy(
      (error: Error) => !error.message.includes('kiln_secret'),
    );
  });
});

describe('allPages', () => {
  it('gives every item of every page, fetching no page before it is needed', async () => {
    const pages = [
      { items: [job({ name: 'a' }), job({ name: 'b' })], next: '2' },
      { items: [], next: '3' },
      { items: [job({ name: 'c' })], next: null },
    ];
    farm.answer = (asked, response) => {
      const cursor = new URL(asked.url, farm.url).searchParams.get('cursor') ?? '1';
      json(pages[Number(cursor) - 1])(asked, response);
    };
    const names: string[] = [];
    for await (const { name } of allPages((at) => client().listJobs({ query: { ...at, limit: 2 } }))) {
      if (name === 'b') expect(farm.asked.length).toBe(1);
      names.push(name);
    }
    expect(names).toEqual(['a', 'b', 'c']);
    expect(farm.asked.map(({ url }) => url)).toEqual([
      '/api/v1/jobs?limit=2',
      '/api/v1/jobs?cursor=2&limit=2',
      '/api/v1/jobs?cursor=3&limit=2',
    ]);
  });

  it('ends when a page names itself as the next one', async () => {
    const endless = allPages(async () => ({ items: [1], next: 'x' }));
    const readAll = async () => {
      for await (const item of endless) expect(item).toBe(1);
    };
    await expect(readAll()).rejects.toMatchObject({ code: 'client.bad_answer' });
  });
});

describe('apiUrls', () => {
  it('are below the address, for bytes and for sockets', () => {
    const urls = apiUrls('https://farm.example/kiln/');
    expect(urls.uploads).toBe('https://farm.example/kiln/api/v1/uploads');
    expect(urls.events).toBe('wss://farm.example/kiln/api/v1/events');
    expect(urls.live).toBe('wss://farm.example/kiln/api/v1/live');
    expect(urls.archive(JOB_ID)).toBe(`https://farm.example/kiln/api/v1/jobs/${JOB_ID}/archive.zip`);
    expect(urls.thumbnail(SCENE_ID)).toBe(`https://farm.example/kiln/api/v1/scenes/${SCENE_ID}/thumbnail`);
    expect(urls.frame({ jobId: JOB_ID, layer: 'a b', fileName: '0001.png' })).toBe(
      `https://farm.example/kiln/api/v1/jobs/${JOB_ID}/frames/a%20b/0001.png`,
    );
  });

  it('are the page’s own without an address', () => {
    expect(apiUrls('').uploads).toBe('/api/v1/uploads');
  });
});
