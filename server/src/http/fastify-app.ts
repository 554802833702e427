/** Fastify as every route here gets it: ids, origin checks, identity, limits, validation, errors, description. */
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import cookie from '@fastify/cookie';
import { LIMITS } from '@kiln/shared';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyServerFactory,
  LogController,
} from 'fastify';
import type { Identities } from '../identity/identities.ts';
import { sessionCookieName } from '../identity/session-cookie.ts';
import { SERVER_LIMITS } from '../limits.ts';
import type { FailureCount } from '../services.ts';
import { registerErrors, sendError } from './errors.ts';
import { registerJsonBodies } from './json-body.ts';
import { registerOpenApi } from './openapi.ts';
import type { OriginCheck } from './origin.ts';
import { registerRequestBodies } from './request-body.ts';
import { registerRequestIdentity } from './request-identity.ts';
import { FailureGate, registerRequestLimit } from './request-limits.ts';
import { allowSocketsOfHost, registerSecurityHeaders } from './security-headers.ts';
import { registerValidation } from './validation.ts';
import { isOpenFile } from './web-app.ts';

export interface TlsKeys {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface FastifyAppParts {
  readonly log: FastifyBaseLogger;
  readonly identities: Identities;
  readonly identityFailures: FailureCount;
  readonly origins: OriginCheck;
  readonly newRequestId: () => string;
  readonly tls: TlsKeys | null;
  readonly version: string;
  /** By which browsers reach the farm; known once it listens. */
  readonly farmUrl: () => string;
}

export async function createFastifyApp(parts: FastifyAppParts): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    loggerInstance: parts.log,
    serverFactory: serverFactory(parts.tls),
    bodyLimit: LIMITS.requestBytes,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: 'idle',
    genReqId: parts.newRequestId,
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: LIMITS.scenePathChars },
    frameworkErrors: (error, request, reply) => sendError(error, request, reply),
  });
  registerErrors(app);
  registerValidation(app);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  registerRequestBodies(app);
  registerJsonBodies(app);
  await registerSecurityHeaders(app, parts.tls !== null);
  app.addHook('onRequest', async (request, reply) => {
    if (isOpenFile(request)) parts.origins.checkHost(request.headers);
    else parts.origins.check(request.headers);
    allowSocketsOfHost(request, reply);
  });
  await app.register(cookie);
  const failures = new FailureGate(parts.identityFailures);
  registerRequestIdentity(app, parts.identities, (request, reply) => {
    failures.failed(request);
    failures.check(request, reply);
  });
  await registerRequestLimit(app);
  registerRequestLog(app);
  await registerOpenApi(app, parts.version, () => sessionCookieName(parts.farmUrl()));
  return app;
}

/** One line for a request: at `info` when it changed something or was refused, else at `debug`. */
function registerRequestLog(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const line = {
      method: request.method,
      // Without its query, which may hold what a user typed.
      path: request.url.split('?', 1)[0],
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      tenantId: request.identity?.tenantId,
    };
    const isQuiet = reply.statusCode < 400 && (request.method === 'GET' || request.method === 'HEAD');
    if (isQuiet) request.log.debug(line, 'request');
    else request.log.info(line, 'request');
  });
}

function serverFactory(tls: TlsKeys | null): FastifyServerFactory {
  return (handler) => {
    const timeouts = {
      headersTimeout: SERVER_LIMITS.headersMs,
      keepAliveTimeout: SERVER_LIMITS.keepAliveMs,
      // An upload over a slow line takes hours; a connection on which nothing moves is ended below.
      requestTimeout: 0,
    };
    const server =
      tls === null
        ? createServer(timeouts, (request, response) => handler(request, response))
        : createTlsServer({ ...timeouts, ...tls }, (request, response) => handler(request, response));
    server.setTimeout(SERVER_LIMITS.idleConnectionMs);
    return server;
  };
}
