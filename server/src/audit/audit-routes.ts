import type { FastifyInstance } from 'fastify';
import { route } from '../http/route.ts';
import type { Services } from '../services.ts';
import { audit } from './audit.ts';

export function registerAudit(app: FastifyInstance, services: Pick<Services, 'store' | 'objects' | 'clock'>): void {
  route(app, 'audit', ({ body }) => audit(services, body));
}
