/** Live sessions over HTTP. */
import type { FastifyInstance } from 'fastify';
import { route } from '../http/route.ts';
import type { LiveSessions } from './live-sessions.ts';
import type { SessionRows } from './session-rows.ts';
import type { ViewJobs } from './view-jobs.ts';

interface SessionRoutes {
  readonly rows: SessionRows;
  readonly viewJobs: ViewJobs;
  readonly live: Pick<LiveSessions, 'traffic'>;
}

export function registerSessions(app: FastifyInstance, { rows, viewJobs, live }: SessionRoutes): void {
  route(app, 'liveTraffic', async () => live.traffic);
  route(app, 'listSessions', async ({ identity }) => ({ items: await rows.list(identity.tenantId) }));
  route(app, 'renderSession', ({ identity, params, body, request }) =>
    viewJobs.make({ tenantId: identity.tenantId, ...params, request: body, headers: request.headers }),
  );
}
