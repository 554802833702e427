/** Live sessions over HTTP. */
import type { FastifyInstance } from 'fastify';
import { route } from '../http/route.ts';
import type { SessionRows } from './session-rows.ts';
import type { ViewJobs } from './view-jobs.ts';

export function registerSessions(app: FastifyInstance, rows: SessionRows, viewJobs: ViewJobs): void {
  route(app, 'listSessions', async ({ identity }) => ({ items: await rows.list(identity.tenantId) }));
  route(app, 'renderSession', ({ identity, params, body, request }) =>
    viewJobs.make({ tenantId: identity.tenantId, ...params, request: body, headers: request.headers }),
  );
}
