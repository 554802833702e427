/**
 * Starts a real S3 server of its own for a test file: Ceph's object gateway with one monitor, one manager and one OSD whose
 * bytes are in memory. Nothing is read from or written to the system's own Ceph.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import type { S3Config } from '../src/config/s3-config.ts';
import { connectS3 } from '../src/objects/s3-object-store.ts';

const run = promisify(execFile);
const PROGRAMS = ['ceph-mon', 'ceph-mgr', 'ceph-osd', 'radosgw', 'radosgw-admin', 'ceph-authtool', 'monmaptool'];
const BIN = '/usr/bin';
/** All that tests store together; memory is taken as it fills. */
const MEMORY_BYTES = 6 * 2 ** 30;

export interface TestRgw {
  readonly endpoint: string;
  /** A new bucket of a new user. */
  createBucket(): Promise<S3Config>;
  /** What the user of this bucket stores may not grow past that. */
  setQuota(config: S3Config, bytes: number | null): Promise<void>;
  /** `SIGKILL` to the gateway alone; the bytes are the OSD's. */
  killGateway(): Promise<void>;
  startGateway(): Promise<void>;
  stop(): Promise<void>;
}

/** Why there is none here, or null. */
export const rgwMissing = (): string | null =>
  PROGRAMS.every((name) => existsSync(join(BIN, name)))
    ? null
    : 'unproved: there is no Ceph here; install ceph-mon ceph-mgr ceph-osd radosgw ceph-common';

export async function startRgw(): Promise<TestRgw> {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-rgw-'));
  const path = (name: string) => join(folder, name);
  const [monPort, port] = await freePorts();
  const fsid = randomUUID();
  await writeFile(path('ceph.conf'), configuration({ folder, fsid, monPort, port }));
  const ceph = (program: string, ...args: string[]) =>
    run(join(BIN, program), [...args], { cwd: folder, env: { PATH: `${BIN}:/bin`, CEPH_CONF: path('ceph.conf') } });
  const key = (name: string, ...caps: string[]) =>
    ceph(
      'ceph-authtool',
      ...[path('keyring'), ...(existsSync(path('keyring')) ? [] : ['--create-keyring']), '--gen-key', '-n', name],
      ...caps.flatMap((cap) => ['--cap', ...cap.split('=')]),
    );
  await key('mon.', 'mon=allow *');
  await key('client.admin', 'mon=allow *', 'mgr=allow *', 'osd=allow *', 'mds=allow *');
  await key('mgr.x', 'mon=allow profile mgr', 'osd=allow *', 'mds=allow *');
  await key('osd.0', 'mon=allow profile osd', 'mgr=allow profile osd', 'osd=allow *');
  await mkdir(path('mon'));
  await mkdir(path('osd'));
  await ceph('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', `[v2:127.0.0.1:${monPort}]`, path('monmap'));
  await ceph('ceph-mon', '--mkfs', '-i', 'a', '--monmap', path('monmap'), '--keyring', path('keyring'));

  const processes = new Map<string, ChildProcess>();
  const start = (program: string, ...args: string[]) => {
    const child = spawn(join(BIN, program), ['-f', ...args], {
      cwd: folder,
      env: { PATH: `${BIN}:/bin`, CEPH_CONF: path('ceph.conf') },
      stdio: 'ignore',
    });
    processes.set(program, child);
  };
  const end = async (program: string) => {
    const child = processes.get(program);
    processes.delete(program);
    if (child === undefined || child.exitCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGKILL');
    await gone;
  };
  const endpoint = `http://127.0.0.1:${port}`;
  const startGateway = async () => {
    start('radosgw', '-n', 'client.admin');
    await until(async () => (await fetch(endpoint)).ok);
  };
  start('ceph-mon', '-i', 'a');
  await ceph('ceph-osd', '--mkfs', '-i', '0', '--osd-uuid', randomUUID());
  start('ceph-mgr', '-i', 'x');
  start('ceph-osd', '-i', '0');
  await startGateway();

  return {
    endpoint,
    async createBucket() {
      const accessKeyId = `user${randomBytes(6).toString('hex')}`;
      const secretAccessKey = randomBytes(20).toString('hex');
      await ceph(
        'radosgw-admin',
        ...['user', 'create', '--uid', accessKeyId, '--display-name', accessKeyId],
        ...['--access-key', accessKeyId, '--secret', secretAccessKey],
      );
      const bucket = `kiln-${randomUUID()}`;
      const credentials = { accessKeyId, secretAccessKey };
      const config = { endpoint, region: 'us-east-1', bucket, prefix: '', credentials, pathStyle: true };
      const client = connectS3(config);
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      client.destroy();
      return config;
    },
    async setQuota(config, bytes) {
      const quota = (...args: string[]) =>
        ceph('radosgw-admin', 'quota', ...args, '--quota-scope=user', '--uid', config.credentials?.accessKeyId ?? '');
      if (bytes === null) return void (await quota('disable'));
      await quota('set', '--max-size', String(bytes));
      await quota('enable');
    },
    killGateway: () => end('radosgw'),
    startGateway,
    async stop() {
      for (const program of [...processes.keys()].reverse()) await end(program);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Place {
  readonly folder: string;
  readonly fsid: string;
  readonly monPort: number;
  readonly port: number;
}

const configuration = ({ folder, fsid, monPort, port }: Place) => `[global]
fsid = ${fsid}
mon_host = [v2:127.0.0.1:${monPort}/0]
mon_initial_members = a
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
keyring = ${folder}/keyring
run_dir = ${folder}
admin_socket = ${folder}/$name.asok
log_file = ${folder}/$name.log
log_to_stderr = false
public_addr = 127.0.0.1
ms_bind_msgr1 = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_warn = 1
mon_data_avail_crit = 0
mon_data = ${folder}/mon
mgr_data = ${folder}/mgr
mgr_initial_modules =
osd_data = ${folder}/osd
osd_objectstore = memstore
memstore_device_bytes = ${MEMORY_BYTES}
osd_crush_update_on_start = true
rgw_frontends = beast endpoint=127.0.0.1:${port}
rgw_data = ${folder}/rgw
rgw_bucket_quota_ttl = 1
rgw_enable_usage_log = false
rgw_gc_obj_min_wait = 60
`;

async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const;
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) =>
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          }),
        ),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return [ports[0] ?? 0, ports[1] ?? 0];
}

async function until(attempt: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; ; tries++) {
    const isThere = await attempt().catch(() => false);
    if (isThere) return;
    if (tries === 600) throw new Error('the gateway of Ceph did not answer within a minute');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
