/**
 * Which hosts and origins may speak to the farm. A page of another site can make a browser send requests here, by its own
 * name (a foreign Origin) or by a name that it lets point here (a foreign Host, "DNS rebinding").
 */
import { type IncomingHttpHeaders, STATUS_CODES } from 'node:http';
import { isIP } from 'node:net';
import { KilnError } from '@kiln/shared';
import { errorBody } from './errors.ts';
import { answerAndClose, type RefuseUpgrade } from './socket-router.ts';

export interface OriginConfig {
  readonly host: string;
  readonly advertiseUrl: string | null;
  readonly allowedHosts: readonly string[];
}

/** @throws KilnError `request.foreign_host`, `request.foreign_origin`. */
export type CheckOrigin = (headers: IncomingHttpHeaders) => void;

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
const isLoopback = (host: string) => host === 'localhost' || host === '::1' || /^127\./.test(host);

/** Host name of `name:port`, lower-case; an IPv6 address keeps its brackets. Null when it is none. */
function hostName(authority: string): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]/\s@]+)(?::\d{1,5})?$/i.exec(authority);
  return match?.[1]?.toLowerCase() ?? null;
}

const bracketed = (host: string) => (isIP(host) === 6 ? `[${host}]` : host).toLowerCase();

export function createOriginCheck({ host, advertiseUrl, allowedHosts }: OriginConfig): CheckOrigin {
  const onLoopback = isLoopback(host);
  const advertised = advertiseUrl === null ? null : new URL(advertiseUrl);
  const names = new Set([
    ...LOOPBACK_NAMES,
    bracketed(host),
    ...allowedHosts.map(bracketed),
    ...(advertised === null ? [] : [advertised.hostname.toLowerCase()]),
  ]);
  // Beyond loopback any address will do: only names can be made to point elsewhere.
  const isAddress = (name: string) => isIP(name.replace(/^\[|\]$/g, '')) !== 0;
  const isOurs = (name: string | null) => name !== null && (names.has(name) || (!onLoopback && isAddress(name)));

  return (headers) => {
    const authority = headers.host ?? '';
    if (!isOurs(hostName(authority))) {
      throw new KilnError(
        'request.foreign_host',
        'the Host header does not name this farm; its operator can allow the name with KILN_ALLOWED_HOSTS',
      );
    }
    const { origin } = headers;
    if (origin === undefined) return;
    const same =
      origin.toLowerCase() === `http://${authority}`.toLowerCase() ||
      origin.toLowerCase() === `https://${authority}`.toLowerCase();
    if (same || origin === advertised?.origin) return;
    throw new KilnError('request.foreign_origin', 'the request comes from a page of another site');
  };
}

/** The same for WebSocket upgrades, answered in HTTP before any socket is open. */
export function upgradeGuard(check: CheckOrigin, newRequestId: () => string): RefuseUpgrade {
  return (request, socket) => {
    try {
      check(request.headers);
      return false;
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      const body = JSON.stringify(errorBody(error, newRequestId()));
      answerAndClose(
        socket,
        `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}\r\nConnection: close\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
      return true;
    }
  };
}
