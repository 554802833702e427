/** Where a message goes: the address of a hook, looked up and checked. What was checked is what is connected to. */
import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { KilnError } from '@kiln/shared';
import { WEBHOOK_LIMITS } from '../limits.ts';
import type { AddressGuard } from './special-addresses.ts';

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** All addresses of a host name; none when it has none. @throws when that cannot be found out. */
export type LookUp = (hostname: string) => Promise<readonly Address[]>;

/** A name that cannot be looked up now. */
export class LookUpError extends Error {}

/**
 * @returns the URL in its normal form.
 * @throws KilnError `request.invalid` with the field.
 */
export function readWebhookUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw refused(`expected an address that begins with http:// or https://, got ${JSON.stringify(text)}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw refused('expected an address without user name and password; messages are signed instead');
  }
  // It is never sent.
  url.hash = '';
  return url;
}

/**
 * @returns every address of the host, each allowed.
 * @throws KilnError `request.invalid` with the field, when one is not, or there is none; LookUpError.
 */
export async function findDestination(
  url: URL,
  guard: AddressGuard,
  lookUp: LookUp,
): Promise<readonly [Address, ...Address[]]> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const family = isIP(host);
  const found = family === 0 ? await lookUp(host) : [{ address: host, family: family === 6 ? 6 : 4 } as const];
  for (const { address } of found) {
    const what = guard(address);
    if (what === null) continue;
    const whose = family === 0 ? `${host} has the address ${address}, which` : address;
    throw refused(`${whose} is ${what}: this farm’s operator allows no webhooks there (KILN_WEBHOOK_PRIVATE)`);
  }
  const [first, ...more] = found;
  if (!first) throw refused(`there is no host ${host}`);
  return [first, ...more];
}

const refused = (message: string) => new KilnError('request.invalid', message, { field: '/url' });

const ABSENT: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);
const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;

/**
 * Asks name servers by itself: `getaddrinfo` would occupy one of the few threads that files are read with, for as long as a
 * name server likes.
 *
 * @param hostsFile whether names of this machine's own hosts file count, whose addresses are private.
 */
export function nameServers(hostsFile: boolean): LookUp {
  return async (hostname) => {
    if (/(^|\.)localhost\.?$/.test(hostname)) {
      return [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ];
    }
    const resolver = new Resolver({ timeout: WEBHOOK_LIMITS.lookUpMs, tries: WEBHOOK_LIMITS.lookUpTries });
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const found = answers.flatMap((answer, index) =>
      answer.status === 'rejected'
        ? []
        : answer.value.map((address) => ({ address, family: index === 0 ? (4 as const) : (6 as const) })),
    );
    if (found.length > 0) return found;
    if (hostsFile) {
      const local = await lookup(hostname, { all: true }).catch(() => []);
      if (local.length > 0) return local.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
    }
    const failure = answers.find((answer) => answer.status === 'rejected' && !ABSENT.has(codeOf(answer.reason)));
    if (failure?.status !== 'rejected') return [];
    throw new LookUpError(`the host ${hostname} could not be looked up (${String(codeOf(failure.reason))})`);
  };
}
