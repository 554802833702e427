/** Where a server is reached: the farm by everybody, and this very server by the others and by workers. */
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import type { ServerConfig } from './config/server-config.ts';

type Listening = Pick<ServerConfig, 'host' | 'advertiseUrl' | 'serverUrl' | 'tls'>;

/** Among the servers of a farm. */
export interface OwnAddress {
  /** `http://host:port` at which other servers reach this one and no other. */
  readonly url: string;
  /** What one server has at a time: its machine and where it listens. */
  readonly place: string;
}

/** @param port that the server listens on. */
export function advertisedUrlOf({ advertiseUrl, tls, host }: Listening, port: number): string {
  return advertiseUrl ?? `${tls === null ? 'http' : 'https'}://${reachableHost(host)}:${port}`;
}

/**
 * Credentials go there: only an address of this machine or a private network is taken unless the settings name one, and none with a
 * certificate, which is for a name.
 */
export function ownAddressOf(
  config: Listening,
  port: number,
  addresses: readonly string[] = addressesOfMachine(),
): OwnAddress {
  const { host, serverUrl, tls } = config;
  const listensTo = host === '0.0.0.0' || host === '::' ? addresses : [host];
  const own = tls === null ? listensTo.find(isPrivate) : undefined;
  const derived = own === undefined ? advertisedUrlOf(config, port) : `http://${reachableHost(own)}:${port}`;
  return { url: serverUrl ?? derived, place: `${hostname()} ${host}:${port}` };
}

const addressesOfMachine = (): string[] =>
  Object.values(networkInterfaces()).flatMap((all = []) =>
    all.flatMap(({ address, internal }) => (internal ? [] : [address])),
  );

const PRIVATE = /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|f[cd][0-9a-f]{2}:|::1$)/i;
const isPrivate = (address: string): boolean => isIP(address) !== 0 && PRIVATE.test(address);

/** An address that listens everywhere is reached on this machine by loopback. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
