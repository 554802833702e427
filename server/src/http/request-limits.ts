/** How often one client may ask: no tenant can keep the others from being served, and no one can try keys at leisure. */
import rateLimit from '@fastify/rate-limit';
import { KilnError } from '@kiln/shared';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SERVER_LIMITS } from '../limits.ts';
import type { FailureCount } from '../services.ts';
import { apiPath } from './request-identity.ts';

/** Counts requests by tenant, and by address where nobody is known. Workers are held to their leases instead. */
export async function registerRequestLimit(app: FastifyInstance): Promise<void> {
  await app.register(rateLimit, {
    hook: 'preParsing',
    max: SERVER_LIMITS.requestsPerMinute,
    timeWindow: 60_000,
    cache: SERVER_LIMITS.countedClients,
    keyGenerator: (request) => request.identity?.tenantId ?? request.ip,
    allowList: (request) => request.url.startsWith(apiPath('/worker/')),
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    addHeaders: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: (_request, { ttl }) =>
      new KilnError('request.too_many', `too many requests: try again in ${Math.ceil(ttl / 1_000)} s`),
  });
}

/** Refuses whoever failed too often. */
export class FailureGate {
  readonly #failures: FailureCount;

  constructor(failures: FailureCount) {
    this.#failures = failures;
  }

  /** @throws KilnError `request.too_many` with `Retry-After`. */
  check(request: FastifyRequest, reply: FastifyReply): void {
    const waitSec = Math.ceil(this.#failures.waitMs(request.ip) / 1_000);
    if (waitSec === 0) return;
    reply.header('retry-after', waitSec);
    throw new KilnError('request.too_many', `too many failed attempts from this address: try again in ${waitSec} s`);
  }

  failed(request: FastifyRequest): void {
    this.#failures.failed(request.ip);
  }
}
