/** Bytes that are stored slowly, or not at all for a while. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { type Job, KilnError } from '@kiln/shared';
import { afterEach, expect, test } from 'vitest';
import { openFolderObjectStore } from '../../src/objects/folder-object-store.ts';
import type { ObjectStore } from '../../src/objects/object-store.ts';
import { addScene, addTenant, ask, jobEnded, jobOf, startFarm, type TestFarm, until } from '../farm-fixture.ts';
import { startRedis } from '../redis.ts';
import { smallDisk } from '../small-disk.ts';
import { useWorkers } from '../workers-fixture.ts';
import { chance, tellSeed } from './seed.ts';
import { expectSound } from './sound.ts';

let farm: TestFarm;
const addWorker = useWorkers(() => farm.url);
const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function open(options: Partial<Parameters<typeof startFarm>[0]>) {
  const redis = await startRedis();
  endings.push(() => redis.stop());
  farm = await startFarm({ redisUrl: redis.url, timing: { leaseMs: 4_000 }, ...options });
  endings.push(() => farm.stop());
  const tenant = await addTenant(farm, 'one');
  const sceneId = await addScene(farm, tenant.id);
  const submit = (frames: string) => ask<Job>(farm.url, tenant.key, 'POST', '/jobs', jobOf(sceneId, frames));
  return {
    submit,
    now: ({ id }: Job) => ask<Job>(farm.url, tenant.key, 'GET', `/jobs/${id}`),
    ended: ({ id }: Job) => jobEnded(farm.url, tenant.key, id),
  };
}

/** The same store, with something before each `put`. */
const beforePut = (objects: ObjectStore, first: () => Promise<void>): ObjectStore =>
  new Proxy(objects, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      if (name === 'list') return method.bind(target);
      return async (...given: unknown[]) => {
        if (name === 'put') await first();
        return method.apply(target, given);
      };
    },
  });

test('slow: a store that takes longer than a lease loses no attempt', async () => {
  let slowMs = 0;
  const { submit, ended } = await open({ around: (objects) => beforePut(objects, () => pause(slowMs)) });
  await addWorker({ identity: { slots: 2 } });
  slowMs = 6_000;
  const job = await submit('1-4');
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 4 });
  const { n } = await farm.services.store.db
    .selectFrom('attempts')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  expect(Number(n)).toBe(4);
  slowMs = 0;
  await expectSound(farm);
});

test('failing: a store that refuses every third file by chance delays frames, and loses none', async () => {
  tellSeed('storage.test.ts', 'failing');
  const random = chance();
  let isFailing = false;
  const fail = async () => {
    if (isFailing && random() < 1 / 3) throw new KilnError('storage.unavailable', 'as it should');
  };
  const { submit, ended } = await open({ around: (objects) => beforePut(objects, fail) });
  await addWorker({ identity: { slots: 2 } });
  isFailing = true;
  const job = await submit('1-20');
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 20, framesFailed: 0 });
  await expectSound(farm);
});

test('gone: the folder is away for a while, as a disk that is not mounted', async () => {
  const { submit, now, ended } = await open({});
  await addWorker({ identity: { slots: 2 }, frameMs: 10 });
  const job = await submit('1-20');
  await until(
    () => now(job),
    ({ framesDone }) => framesDone >= 5,
  );
  const folder = join(farm.services.config.home, 'objects');
  const { objects } = farm.services;
  const nowhere = 'f'.repeat(64);
  expect(await objects.size(nowhere)).toBe(null);
  await rename(folder, `${folder}.away`);
  const away = { code: 'storage.unavailable' };
  await expect(objects.size(nowhere)).rejects.toMatchObject(away);
  await expect(objects.get(nowhere)).rejects.toMatchObject(away);
  await expect(objects.put(Readable.from([]), { maxBytes: 1, expectSha256: nowhere })).rejects.toMatchObject(away);
  await pause(1_000);
  // What a server made in its place is of no use.
  await rm(folder, { recursive: true, force: true });
  await rename(`${folder}.away`, folder);
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 20 });
  await expectSound(farm);
});

const disk = await smallDisk('2m');

test.skipIf(typeof disk === 'string')(
  'full: what is drawn waits for room, its job says so, and goes on by itself when there is some',
  async () => {
    if (typeof disk === 'string') return;
    endings.push(() => disk.remove());
    const onSmallDisk = await openFolderObjectStore(join(disk.path, 'objects'));
    const { submit, now, ended } = await open({ around: () => onSmallDisk });
    await addWorker({ identity: { slots: 2 } });
    const filler = join(disk.path, 'filler');
    await writeFile(filler, Buffer.alloc(4_194_304)).catch(() => {});
    const job = await submit('1-6');
    const { waitsFor } = await until(
      () => now(job),
      (job) => job.waitsFor?.reason === 'store',
    );
    expect(waitsFor?.message).toMatch(/^The farm’s store is full: what \d tasks? ha(s|ve) drawn waits to be stored, /);
    await rm(filler);
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 6, framesFailed: 0, waitsFor: null });
    await expectSound(farm);
  },
);
