/** Who asks, decided before a body is read. Every route needs an identity unless its registration says otherwise. */
import { API_PREFIX, KilnError, type RouteSpec } from '@kiln/shared';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Identities, Identity } from '../identity/identities.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** @defaultValue `tenant` under the API, `none` for the web app's files */
    identity?: RouteSpec['identity'];
  }
  interface FastifyRequest {
    /** Null where the route is open to everybody; read it through `identityOf`. */
    identity: Identity | null;
  }
}

/** @param onFailure hears of requests without a valid identity; may throw to answer otherwise. */
export function registerRequestIdentity(
  app: FastifyInstance,
  identities: Identities,
  onFailure: (request: FastifyRequest, reply: FastifyReply) => void,
): void {
  app.decorateRequest('identity', null);
  app.addHook('onRequest', async (request, reply) => {
    const needed = request.routeOptions.config.identity ?? (isApi(request) ? 'tenant' : 'none');
    if (needed === 'none') return;
    request.identity = await identities.ofHeaders(request.headers);
    if (request.identity === null) {
      onFailure(request, reply);
      throw new KilnError(
        'identity.missing',
        'expected an API key as `Authorization: Bearer kiln_…`, or the cookie of a sign-in: neither came that is valid',
      );
    }
    if (needed === 'operator' && request.identity.role !== 'operator') {
      throw new KilnError('identity.forbidden', 'only an operator of the farm may do this: use an operator’s key');
    }
  });
}

const isApi = (request: FastifyRequest) => request.url === '/api' || request.url.startsWith('/api/');

/** @throws KilnError `identity.missing` on a route that is open to everybody. */
export function identityOf(request: FastifyRequest): Identity {
  if (request.identity === null) throw new KilnError('identity.missing', 'this request carries no identity');
  return request.identity;
}

export const apiPath = (path: string): string => `${API_PREFIX}${path}`;
