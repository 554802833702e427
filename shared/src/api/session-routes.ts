import * as Type from 'typebox';
import { Id } from '../identifiers.ts';
import { ViewJob, ViewJobRequest } from '../schemas/view-job.ts';
import { Session } from '../schemas/worker.ts';
import type { RouteSpec } from './route-spec.ts';

export const SESSION_ROUTES = {
  listSessions: {
    method: 'GET',
    path: '/sessions',
    summary: 'Live sessions that have not ended.',
    identity: 'tenant',
    response: Type.Object({ items: Type.Array(Session) }),
  },
  renderSession: {
    method: 'POST',
    path: '/sessions/:sessionId/jobs',
    summary:
      'Makes a job of what a live session shows: camera, light, changes, clip and settings; its frame begins with the samples that the view has.',
    identity: 'tenant',
    params: Type.Object({ sessionId: Id('session') }),
    body: ViewJobRequest,
    response: ViewJob,
    status: 201,
  },
} as const satisfies Record<string, RouteSpec>;
