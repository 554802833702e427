/**
 * Which hosts and origins may speak to the farm. A page of another site can make a browser send requests here, by its own
 * name (a foreign Origin) or by a name that it lets point here (a foreign Host, "DNS rebinding").
 */
import { type IncomingHttpHeaders, STATUS_CODES } from 'node:http';
import { isIP } from 'node:net';
import { API_PREFIX, BYTE_ROUTES, KilnError } from '@kiln/shared';
import { errorBody } from './errors.ts';
import { answerAndClose, type RefuseUpgrade, upgradePath } from './socket-router.ts';

export interface OriginConfig {
  readonly host: string;
  readonly advertiseUrl: string | null;
  readonly serverUrl: string | null;
  readonly allowedHosts: readonly string[];
}

export interface OriginCheck {
  /** @throws KilnError `request.foreign_host`, `request.foreign_origin`. */
  check(headers: IncomingHttpHeaders): void;
  /** @throws KilnError `request.foreign_host` */
  checkHost(headers: IncomingHttpHeaders): void;
  /** Whether a page of another site asks: by what the browser adds for its user it must not be known. */
  isForeign(headers: IncomingHttpHeaders): boolean;
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
const isLoopback = (host: string) => host === 'localhost' || host === '::1' || /^127\./.test(host);

/** Host name of `name:port`, lower-case; an IPv6 address keeps its brackets. Null when it is none. */
function hostName(authority: string): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]/\s@]+)(?::\d{1,5})?$/i.exec(authority);
  return match?.[1]?.toLowerCase() ?? null;
}

const bracketed = (host: string) => (isIP(host) === 6 ? `[${host}]` : host).toLowerCase();

export function createOriginCheck({ host, advertiseUrl, serverUrl, allowedHosts }: OriginConfig): OriginCheck {
  const onLoopback = isLoopback(host);
  const advertised = advertiseUrl === null ? null : new URL(advertiseUrl);
  const names = new Set([
    ...LOOPBACK_NAMES,
    bracketed(host),
    ...allowedHosts.map(bracketed),
    ...(advertised === null ? [] : [advertised.hostname.toLowerCase()]),
    ...(serverUrl === null ? [] : [new URL(serverUrl).hostname.toLowerCase()]),
  ]);
  // Beyond loopback any address will do: only names can be made to point elsewhere.
  const isAddress = (name: string) => isIP(name.replace(/^\[|\]$/g, '')) !== 0;
  const isOurs = (name: string | null) => name !== null && (names.has(name) || (!onLoopback && isAddress(name)));

  const checkHost = (headers: IncomingHttpHeaders) => {
    if (isOurs(hostName(headers.host ?? ''))) return;
    throw new KilnError(
      'request.foreign_host',
      'the Host header does not name this farm; its operator can allow the name with KILN_ALLOWED_HOSTS',
    );
  };
  const isForeign = ({ host: authority = '', origin }: IncomingHttpHeaders) => {
    if (origin === undefined) return false;
    const same =
      origin.toLowerCase() === `http://${authority}`.toLowerCase() ||
      origin.toLowerCase() === `https://${authority}`.toLowerCase();
    return !same && origin !== advertised?.origin;
  };
  return {
    checkHost,
    isForeign,
    check(headers) {
      checkHost(headers);
      if (!isForeign(headers)) return;
      throw new KilnError('request.foreign_origin', 'the request comes from a page of another site');
    },
  };
}

/** By these a page of another site may ask, with what it brings itself. */
const OPEN_SOCKETS: readonly string[] = [`${API_PREFIX}${BYTE_ROUTES.liveSession.path}`];

/** The same for WebSocket upgrades, answered in HTTP before any socket is open. */
export function upgradeGuard(origins: OriginCheck, newRequestId: () => string): RefuseUpgrade {
  return (request, socket) => {
    try {
      if (OPEN_SOCKETS.includes(upgradePath(request))) origins.checkHost(request.headers);
      else origins.check(request.headers);
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
