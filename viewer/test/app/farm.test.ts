import { createClient, type Me } from '@kiln/shared';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createFarm } from '../../src/app/farm/farm.ts';
import { createSession } from '../../src/app/farm/session.ts';

const ME: Me = { tenant: { id: 'ten_00000000000000000000', name: 'Studio' }, role: 'member' };
const SCENE = {
  kind: 'scene',
  id: `scn_${'0'.repeat(20)}`,
  name: 'Secret',
  state: 'ready',
  sceneHash: '0'.repeat(64),
  entry: 'a.glb',
  sizeBytes: 1,
  files: [],
  missing: [],
  report: null,
  refusal: null,
  thumbnailUrl: null,
  createdAt: '2026-01-01T00:00:00.000Z',
};

beforeEach(() => {
  vi.stubGlobal('location', { origin: 'http://farm' });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('removeEventListener', () => undefined);
  // Never opens.
  vi.stubGlobal(
    'WebSocket',
    class {
      addEventListener() {}
      close() {}
    },
  );
});
afterEach(() => vi.unstubAllGlobals());

it('forgets everything of who was signed in', async () => {
  const fetch = async (url: string) =>
    Response.json({ items: url.includes('kind=scene') ? [SCENE] : [], next: null }, { status: 200 });
  const client = createClient({ url: 'http://farm', fetch });
  const session = createSession({ me: async () => ME, signIn: async () => ME, signOut: async () => ({}) });
  const farm = createFarm(client, session);
  farm.connect();
  await expect.poll(() => farm.scenes.list.value.items.map(({ name }) => name)).toEqual(['Secret']);
  const frames = farm.frames(`job_${'0'.repeat(20)}`);
  farm.disconnect();
  for (const { list } of [farm.scenes, farm.jobs, farm.workers]) {
    expect(list.value).toEqual({ state: 'loading', items: [] });
  }
  expect(farm.frames(`job_${'0'.repeat(20)}`)).not.toBe(frames);
});

it('tells of the scenes that it fetched, whose events may have been missed', async () => {
  const fetch = async (url: string) =>
    Response.json({ items: url.includes('kind=scene') ? [SCENE] : [], next: null }, { status: 200 });
  const session = createSession({ me: async () => ME, signIn: async () => ME, signOut: async () => ({}) });
  const farm = createFarm(createClient({ url: 'http://farm', fetch }), session);
  const told: string[] = [];
  farm.onScene(({ id, state }) => told.push(`${id} ${state}`));
  farm.connect();
  await expect.poll(() => told).toEqual([`${SCENE.id} ready`]);
  farm.disconnect();
});
