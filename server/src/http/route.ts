/** Registers rows of the shared table of routes: identity, validation, documentation and types come from the row. */
import { ROUTES, type RouteName, type RouteSpec } from '@kiln/shared';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { Identity } from '../identity/identities.ts';
import { apiPath } from './request-identity.ts';

type Part<S, K extends string> = S extends { readonly [key in K]: infer T extends TSchema } ? Static<T> : undefined;

interface RouteCall<S extends RouteSpec> {
  readonly params: Part<S, 'params'>;
  readonly query: Part<S, 'query'>;
  readonly body: Part<S, 'body'>;
  readonly identity: S['identity'] extends 'none' ? Identity | null : Identity;
  readonly request: FastifyRequest;
  /** For another status or a header; its body is what the handler returns. */
  readonly reply: FastifyReply;
}

export type RouteHandler<S extends RouteSpec> = (call: RouteCall<S>) => Promise<Static<S['response']>>;

/** Registers a route of the public API. */
export function route<N extends RouteName>(
  app: FastifyInstance,
  name: N,
  handler: RouteHandler<(typeof ROUTES)[N]>,
): void {
  addRoute<(typeof ROUTES)[N]>(app, ROUTES[name], handler, name);
}

/** @param operationId names the route in the API's description; without it the route is not described. */
export function addRoute<S extends RouteSpec>(
  app: FastifyInstance,
  spec: S,
  handler: RouteHandler<S>,
  operationId?: string,
): void {
  const status = spec.status ?? 200;
  const schema: FastifySchema = {
    summary: spec.summary,
    response: {
      [status]: spec.response,
      ...Object.fromEntries((spec.otherStatuses ?? []).map((s) => [s, spec.response])),
    },
    ...(operationId === undefined ? { hide: true } : { operationId }),
    ...(spec.params === undefined ? {} : { params: spec.params }),
    ...(spec.query === undefined ? {} : { querystring: spec.query }),
    ...(spec.body === undefined ? {} : { body: spec.body }),
    ...(spec.identity === 'none' ? { security: [] } : {}),
  };
  app.route({
    method: spec.method,
    url: apiPath(spec.path),
    schema,
    config: { identity: spec.identity },
    handler: async (request, reply) => {
      reply.code(status);
      // The validator has checked each part against the schema that its type derives from, and the identity hook has
      // answered whoever lacks one; the compiler sees neither.
      return await handler({
        params: request.params,
        query: request.query,
        body: request.body,
        identity: request.identity,
        request,
        reply,
      } as RouteCall<S>);
    },
  });
}
