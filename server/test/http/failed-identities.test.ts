/** Failed identities are counted by address, wherever they are tried. */
import { API_PREFIX, BYTE_ROUTES, ROUTES, WORKER_ROUTES } from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SERVER_LIMITS } from '../../src/limits.ts';
import { addTenant, startFarm } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { TestSocket } from '../socket-fixture.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

const WORKER_HELLO = { type: 'worker-hello', protocols: [1], sessionId: `ses_${'0'.repeat(20)}`, token: 'x' };
const VIEW = {
  size: { widthPx: 64, heightPx: 64 },
  ...{ samples: 1, clip: null, fps: 24, toneMapping: 'neutral', exposureEv: 0, background: 'neutral', frameNumber: 0 },
};
const VIEWER_HELLO = {
  type: 'hello',
  protocols: [1],
  sceneId: `scn_${'0'.repeat(20)}`,
  view: VIEW,
  codecs: ['jpeg'],
};

test.each([
  ['events', BYTE_ROUTES.events.path, { type: 'hello', protocols: [1] }],
  ['a live view', BYTE_ROUTES.liveSession.path, VIEWER_HELLO],
  ['a worker’s live session', WORKER_ROUTES.live.path, WORKER_HELLO],
])('[WS1] a socket of %s with a wrong key counts as a request with one', async (_what, path, hello) => {
  const farm = await startFarm({ redisUrl: redis.url });
  try {
    const url = `${farm.url.replace('http', 'ws')}${API_PREFIX}${path}`;
    const tried = async () => (await (await new TestSocket(url, 'wrong').say(hello)).closed).reason;
    for (let n = 2; n < SERVER_LIMITS.identityFailures.failures; n++) {
      farm.services.identityFailures.failed('127.0.0.1');
    }
    expect(await tried()).toBe('identity.missing');
    expect(await tried()).toBe('request.too_many');
    const wrong = { authorization: 'Bearer wrong' };
    expect((await fetch(`${farm.url}${API_PREFIX}${ROUTES.listJobs.path}`, { headers: wrong })).status).toBe(429);

    const { key } = await addTenant(farm, 'one');
    const socket = await new TestSocket(`${farm.url.replace('http', 'ws')}${API_PREFIX}/events`, key).say({
      type: 'hello',
      protocols: [1],
    });
    await socket.next('welcome');
    socket.cut();
  } finally {
    await farm.stop();
  }
});
