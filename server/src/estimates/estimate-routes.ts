import type { FastifyInstance } from 'fastify';
import { route } from '../http/route.ts';
import type { Estimates } from './estimates.ts';

export function registerEstimates(app: FastifyInstance, estimates: Estimates): void {
  route(app, 'createEstimate', ({ identity, body }) => estimates.create(identity.tenantId, body));
  route(app, 'getEstimate', ({ identity, params }) => estimates.get(identity.tenantId, params.estimateId));
}
