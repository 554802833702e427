import * as Type from 'typebox';
import { Id } from '../identifiers.ts';
import { Estimate } from '../schemas/estimate.ts';
import { JobRequest } from '../schemas/job.ts';
import type { RouteSpec } from './route-spec.ts';

export const ESTIMATE_ROUTES = {
  createEstimate: {
    method: 'POST',
    path: '/estimates',
    summary:
      'What a job would take: from earlier jobs, or from a few pictures with few samples, which are drawn for it.',
    identity: 'tenant',
    body: JobRequest,
    response: Estimate,
    status: 201,
  },
  getEstimate: {
    method: 'GET',
    path: '/estimates/:estimateId',
    summary: 'One estimate.',
    identity: 'tenant',
    params: Type.Object({ estimateId: Id('estimate') }),
    response: Estimate,
  },
} as const satisfies Record<string, RouteSpec>;
