/** The `redis-server` that a farm starts for itself: durable, never evicting, and open to who knows its password. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { which } from '../setup/which.ts';
import type { ChildSpec } from './child.ts';
import { requireFreePort } from './free-port.ts';

/** A socket's address holds 108 bytes with its end (Linux); macOS has 104. */
const SOCKET_PATH_BYTES = 100;
const POLL_MS = 10;

export interface OwnRedis {
  readonly spec: ChildSpec;
  /** For KILN_REDIS_URL: a socket, or `redis://:password@127.0.0.1:port` where its path would be too long. */
  readonly url: string;
}

/**
 * Its password is a new one at every start: only the server gets it, and workers users of their own.
 *
 * @param folder where its data, socket and configuration live.
 * @param searchPath as in PATH, to find `setpriv`.
 */
export async function ownRedis(binary: string, folder: string, searchPath: string): Promise<OwnRedis> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const socket = join(folder, 'redis.sock');
  const useSocket = Buffer.byteLength(socket) <= SOCKET_PATH_BYTES;
  const port = useSocket ? 0 : await requireFreePort('127.0.0.1', 0);
  const password = randomBytes(24).toString('hex');
  const configFile = join(folder, 'redis.conf');
  const settings = [
    ...(useSocket ? ['port 0', `unixsocket ${quote(socket)}`, 'unixsocketperm 600'] : [`port ${port}`]),
    `requirepass ${password}`,
    'bind 127.0.0.1',
    'daemonize no',
    `dir ${quote(folder)}`,
    'appendonly yes',
    'save ""',
    'maxmemory-policy noeviction',
  ];
  writeFileSync(configFile, `${settings.join('\n')}\n`, { mode: 0o600 });

  // Redis does not notice that the supervisor is gone; the kernel can tell it. Elsewhere the next start ends it.
  const setpriv = process.platform === 'linux' ? which('setpriv', searchPath) : null;
  const command: ChildSpec['command'] =
    setpriv === null ? [binary, configFile] : [setpriv, '--pdeathsig=TERM', '--', binary, configFile];
  const target = useSocket ? { path: socket } : { host: '127.0.0.1', port };
  return {
    url: useSocket ? `unix:${socket}?password=${password}` : `redis://:${password}@127.0.0.1:${port}`,
    spec: {
      name: 'redis',
      command,
      env: { PATH: searchPath, LC_ALL: 'C' },
      cwd: folder,
      ipc: false,
      isReady: async (process) => {
        while (process.exitCode === null && !(await answers(target, password))) await sleep(POLL_MS);
      },
    },
  };
}

/** Redis reads its own quoting: a path may hold spaces. */
const quote = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** Whether the Redis with this password answers there and has read its data: `LOADING` is not yet ready. */
function answers(target: { path: string } | { host: string; port: number }, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(target);
    let answer = '';
    socket.on('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
    socket.on('data', (data) => {
      answer += data.toString('latin1');
      if (answer.split('\r\n').length <= 2) return;
      resolve(answer === '+OK\r\n+PONG\r\n');
      socket.destroy();
    });
  });
}
