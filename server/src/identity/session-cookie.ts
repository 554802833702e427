/** The cookie of a signed-in browser. */
import type { IncomingHttpHeaders } from 'node:http';
import cookie from '@fastify/cookie';

/**
 * Browsers send a host's cookies to each of its ports: with the port in its name, a farm leaves those of others alone.
 *
 * @param farmUrl by which browsers reach the farm.
 */
export function sessionCookieName(farmUrl: string): string {
  const { port, protocol } = new URL(farmUrl);
  return `kiln_session_${port || (protocol === 'https:' ? 443 : 80)}`;
}

/** The cookie's token, or null. */
export function sessionTokenOf(headers: IncomingHttpHeaders, farmUrl: string): string | null {
  return headers.cookie === undefined ? null : (cookie.parse(headers.cookie)[sessionCookieName(farmUrl)] ?? null);
}
