/** A farm as in production, every process and service a real one: PostgreSQL, Redis, S3, a server, workers with browsers. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, createClient, type Job, type Worker } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connectS3, S3ObjectStore } from '../../src/objects/s3-object-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { until, WORKER_TOKEN } from '../farm-fixture.ts';
import { KILN, kilnAudit, type ServerProcess, startServerProcess } from '../faults/server-process.ts';
import { listOf, sha256Of } from '../object-bytes.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../postgres.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { rgwMissing, startRgw, type TestRgw } from '../rgw.ts';
import { quietLog, temporaryFolder } from '../store-fixture.ts';
import { triangleScene } from './triangle.ts';

/** Ends what hangs; no measurement. */
const HANGS_MS = 1_200_000;
vi.setConfig({ testTimeout: HANGS_MS, hookTimeout: HANGS_MS });

const SIZE = { widthPx: 64, heightPx: 36 };

const bin = await findPostgres();
const missing = rgwMissing() ?? (bin === null ? 'unproved: there is no PostgreSQL here; install postgresql' : null);
if (missing !== null || bin === null) {
  test.skip(`a farm as in production: ${missing}`, () => {});
} else {
  describe('a farm as in production', () => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let postgres: TestPostgres;
    let redis: TestRedis;
    let rgw: TestRgw;
    let bucket: S3ObjectStore;
    let store: Store;
    let server: ServerProcess;
    let client: Client;
    let home: string;
    const workers: WorkerProcess[] = [];

    beforeAll(async () => {
      folder = await temporaryFolder();
      home = join(folder.path, 'server');
      await mkdir(home);
      [postgres, redis, rgw] = await Promise.all([startPostgres(bin), startRedis(), startRgw()]);
      const s3 = { ...(await rgw.createBucket()), prefix: 'farm/' };
      bucket = new S3ObjectStore(connectS3(s3), s3);
      const databaseUrl = await postgres.createDatabase();
      store = await openStore({ home, databaseUrl }, quietLog);
      const started = await startServerProcess({
        home,
        redisUrl: redis.url,
        databaseUrl,
        leaseMs: 15_000,
        env: {
          KILN_S3_ENDPOINT: rgw.endpoint,
          KILN_S3_BUCKET: s3.bucket,
          KILN_S3_PREFIX: s3.prefix,
          KILN_S3_ACCESS_KEY_ID: s3.credentials?.accessKeyId ?? '',
          KILN_S3_SECRET_ACCESS_KEY: s3.credentials?.secretAccessKey ?? '',
        },
      });
      if (!started) throw new Error('the server did not start');
      server = started;
      client = createClient({ url: server.url, apiKey: server.apiKey, fetch });
      workers.push(startWorker('good'));
      await until(workerNamed('good'), (worker) => worker?.state === 'ready');
    });
    afterAll(async () => {
      for (const worker of workers) await worker.stop();
      await server?.stop();
      await store?.close();
      await bucket?.close();
      await rgw?.stop();
      await redis?.stop();
      await postgres?.stop();
      await folder?.remove();
    });

    /** With a home of its own, as on another machine. */
    function startWorker(name: string, browser?: string): WorkerProcess {
      const child = spawn(process.execPath, [KILN, 'worker'], {
        env: {
          ...process.env,
          KILN_HOME: join(folder.path, name),
          KILN_URL: server.url,
          KILN_WORKER_TOKEN: WORKER_TOKEN,
          KILN_WORKER_NAME: name,
          KILN_SLOTS: '1',
          ...(browser === undefined ? {} : { KILN_BROWSER: browser }),
        },
        stdio: 'ignore',
      });
      const ended = new Promise<void>((done) => child.once('exit', () => done()));
      return {
        stop: () => {
          child.kill('SIGTERM');
          return ended;
        },
      };
    }

    const workerNamed = (name: string) => async (): Promise<Worker | undefined> =>
      (await client.listWorkers()).items.find((worker) => worker.name === name && worker.state !== 'lost');

    const ended = (jobId: string) =>
      until(
        () => client.getJob({ params: { jobId } }),
        ({ state }) => state === 'succeeded' || state === 'failed' || state === 'cancelled',
      );

    const render = async (sceneId: string, frames: string): Promise<Job> => {
      const { id } = await client.createJob({
        body: { sceneId, layers: [{ frames, size: SIZE }], maxAttempts: 10 },
      });
      return ended(id);
    };

    let sceneId: string;

    test('a scene goes up, its frames are drawn and come down, and all of it lies in the bucket', async () => {
      const scene = join(folder.path, 'triangle.glb');
      await writeFile(scene, triangleScene([1, 0, 0]));
      sceneId = JSON.parse(await kiln(server, 'scene', 'add', scene, '--json')).id;
      const job = await render(sceneId, '1-4');
      expect(job).toMatchObject({ state: 'succeeded', framesDone: 4 });
      const out = join(folder.path, 'out');
      await kiln(server, 'download', job.id, '--out', out);
      const files = (await readdir(out)).filter((name) => name.endsWith('.png'));
      expect(files.sort()).toEqual(['0001.png', '0002.png', '0003.png', '0004.png']);
      const stored = await listOf(bucket);
      const { items } = await client.listFrames({ params: { jobId: job.id } });
      for (const { fileName, sha256, flags, statistics } of items) {
        const bytes = await readFile(join(out, fileName));
        expect(sha256Of(bytes)).toBe(sha256);
        expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([SIZE.widthPx, SIZE.heightPx]);
        expect(flags).toEqual([]);
        // The triangle and what is behind it.
        expect((statistics?.max ?? 0) - (statistics?.min ?? 0)).toBeGreaterThan(0.5);
        expect(stored).toContain(sha256);
      }
      expect(existsSync(join(home, 'objects'))).toBe(false);
      expect(await kilnAudit(server)).toEqual({ code: 0, broken: [] });
    });

    test('[WK22] a worker whose browser breaks is suspended, fails its canary, is shown, and works again once it is mended', async () => {
      const broken = join(folder.path, 'broken');
      const browser = join(folder.path, 'browser');
      const { result } = JSON.parse(await readFile(join(folder.path, 'good/worker-cache/probe.json'), 'utf8'));
      // The browser's own user must be able to start it.
      await chmod(folder.path, 0o755);
      await writeFile(browser, `#!/bin/sh\n[ -e '${broken}' ] && exit 1\nexec "${result.browserPath}" "$@"\n`, {
        mode: 0o755,
      });
      workers.push(startWorker('bad', browser));
      await until(workerNamed('bad'), (worker) => worker?.state === 'ready');
      await writeFile(broken, '');
      for (;;) {
        expect(await render(sceneId, '1-8')).toMatchObject({ state: 'succeeded', framesDone: 8 });
        if ((await workerNamed('bad')())?.suspendedUntil) break;
      }
      const wrong = await until(workerNamed('bad'), (worker) => worker?.suspendedFor === 'canary');
      expect(Date.parse(wrong?.suspendedUntil ?? '')).toBeGreaterThan(Date.now());
      expect(await kiln(server, 'workers')).toMatch(/bad +draws wrong, tried again/);

      await rm(broken);
      await store.db
        .updateTable('workers')
        .set({ suspended_until: new Date() })
        .where('suspended_for', '=', 'canary')
        .execute();
      await until(workerNamed('bad'), (worker) => worker?.suspendedUntil === null);
      await workers[0]?.stop();
      const job = await render(sceneId, '1-4');
      expect(job).toMatchObject({ state: 'succeeded', framesDone: 4 });
      expect(await kilnAudit(server)).toEqual({ code: 0, broken: [] });
    });
  });
}

interface WorkerProcess {
  stop(): Promise<void>;
}

/** @returns what the command printed. @throws with what it said when it failed. */
function kiln({ url, apiKey }: ServerProcess, ...args: readonly string[]): Promise<string> {
  const env = { PATH: process.env.PATH, KILN_URL: url, KILN_API_KEY: apiKey };
  return new Promise((done, fail) => {
    const child: ChildProcess = execFile(process.execPath, [KILN, ...args], { env }, (error, stdout, stderr) => {
      if (error) fail(new Error(`kiln ${args.join(' ')}: ${child.exitCode} ${stdout}${stderr}`));
      else done(stdout);
    });
  });
}
