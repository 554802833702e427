/** Tokens of live views over HTTP. */
import type { FastifyInstance } from 'fastify';
import { route } from '../http/route.ts';
import type { ViewTokens } from './view-tokens.ts';

export function registerTokens(app: FastifyInstance, tokens: ViewTokens): void {
  route(app, 'createToken', ({ identity, body }) => tokens.create(identity.tenantId, body));
  route(app, 'listTokens', async ({ identity }) => ({ items: await tokens.list(identity.tenantId) }));
  route(app, 'revokeToken', async ({ identity, params }) => {
    await tokens.revoke(identity.tenantId, params.tokenId);
    return {};
  });
}
