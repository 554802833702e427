import * as Type from 'typebox';
import { Id } from '../identifiers.ts';
import { Limit, LimitName, LimitRequest } from '../schemas/bounds.ts';
import { Nothing, type RouteSpec } from './route-spec.ts';

const LimitParams = Type.Object({ name: LimitName });
const Limits = Type.Object({ items: Type.Array(Limit) });

export const LIMIT_ROUTES = {
  listLimits: {
    method: 'GET',
    path: '/limits',
    summary: 'Limits that the asker’s jobs may name, by name.',
    identity: 'tenant',
    response: Limits,
  },
  listAllLimits: {
    method: 'GET',
    path: '/admin/limits',
    summary: 'Limits of the farm and of its tenants.',
    identity: 'operator',
    response: Limits,
  },
  setLimit: {
    method: 'PUT',
    path: '/admin/limits/:name',
    summary: 'Sets a limit that jobs may name, of the whole farm or of one tenant.',
    identity: 'operator',
    params: LimitParams,
    body: LimitRequest,
    response: Limit,
  },
  removeLimit: {
    method: 'DELETE',
    path: '/admin/limits/:name',
    summary: 'Forgets a limit: jobs that name it go on as if they did not.',
    identity: 'operator',
    params: LimitParams,
    query: Type.Object({ tenantId: Type.Optional(Id('tenant')) }, { additionalProperties: false }),
    response: Nothing,
  },
} as const satisfies Record<string, RouteSpec>;
