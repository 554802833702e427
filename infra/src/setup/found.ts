import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findBrowser } from '@kiln/worker';
import { which } from './which.ts';

/** What there is on this machine, as far as set-up decides by it. */
export interface Found {
  readonly system: 'debian' | 'linux' | 'mac' | 'other';
  /** May write to the system: root. */
  readonly root: boolean;
  readonly apt: boolean;
  /** Path of a browser, or null. */
  readonly browser: string | null;
  /** Why browsers that are here cannot be used, a sentence each. */
  readonly rejectedBrowsers: readonly string[];
  /** Path of `redis-server`, or null. */
  readonly redisServer: string | null;
  /** Folder with PostgreSQL's `initdb` and `postgres`, or null. */
  readonly postgresBin: string | null;
  /** OpenImageIO's `oiiotool` is here. */
  readonly imageTools: boolean;
  /** `ffmpeg` and `ffprobe` are here. */
  readonly filmTools: boolean;
  /** Ceph's programs are here, of which an S3 server for tests is made. */
  readonly s3Server: boolean;
}

/**
 * @param searchPath as in the environment variable PATH.
 * @param browserPath the only browser that counts; null looks for one.
 * @throws KilnError `request.invalid` when `browserPath` is no browser.
 */
export async function lookAround(searchPath: string, browserPath: string | null): Promise<Found> {
  const rejectedBrowsers: string[] = [];
  const browser = await findBrowser({ explicitPath: browserPath, onRejected: (why) => rejectedBrowsers.push(why) });
  return {
    system: systemFamily(),
    root: process.getuid?.() === 0,
    apt: which('apt-get', searchPath) !== null,
    browser: browser?.path ?? null,
    rejectedBrowsers,
    redisServer: which('redis-server', searchPath) ?? which('valkey-server', searchPath),
    postgresBin: findPostgres(searchPath),
    imageTools: which('oiiotool', searchPath) !== null,
    filmTools: ['ffmpeg', 'ffprobe'].every((name) => which(name, searchPath) !== null),
    s3Server: ['ceph-mon', 'ceph-mgr', 'ceph-osd', 'radosgw', 'radosgw-admin'].every(
      (name) => which(name, searchPath) !== null,
    ),
  };
}

function systemFamily(): Found['system'] {
  if (process.platform === 'darwin') return 'mac';
  if (process.platform !== 'linux') return 'other';
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8')) ? 'debian' : 'linux';
  } catch {
    return 'linux';
  }
}

/** Debian keeps each version's binaries apart and off PATH. The newest wins. */
export function findPostgres(searchPath: string): string | null {
  const versions = '/usr/lib/postgresql';
  if (existsSync(versions)) {
    const newest = readdirSync(versions).sort((a, b) => Number(b) - Number(a))[0];
    const bin = newest === undefined ? null : join(versions, newest, 'bin');
    if (bin !== null && existsSync(join(bin, 'initdb'))) return bin;
  }
  const initdb = which('initdb', searchPath);
  return initdb === null ? null : join(initdb, '..');
}
