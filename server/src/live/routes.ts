/** Live sessions over HTTP. */
import type { FastifyInstance } from 'fastify';
import { route } from '../http/route.ts';
import type { SessionRows } from './session-rows.ts';

export function registerSessions(app: FastifyInstance, rows: SessionRows): void {
  route(app, 'listSessions', async ({ identity }) => ({ items: await rows.list(identity.tenantId) }));
}
