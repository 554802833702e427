/** The workers' own API, `WORKER_ROUTES`: every request but the first carries the worker's secret (PROTOCOL.md, rules WK). */
import {
  Assignment,
  AttemptFailure,
  CanaryVerdict,
  FRAME_HEADER,
  FrameResult,
  GLB_MEDIA_TYPE,
  Heartbeat,
  HeartbeatAnswer,
  Id,
  ImportResult,
  KilnError,
  PassResult,
  RegisterRequest,
  Registration,
  type RouteSpec,
  Sha256,
  storable,
  WORKER_ROUTES,
} from '@kiln/shared';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { AttemptFacts, AttemptMemory } from '../dispatch/attempt-facts.ts';
import type { EndedAttempt, EndParts } from '../dispatch/end-attempts.ts';
import { endInTurns, tellWorkers } from '../dispatch/lost-work.ts';
import type { Results } from '../dispatch/results.ts';
import type { Bus } from '../events/bus.ts';
import type { Change } from '../events/changes.ts';
import type { FrameProgressBoard } from '../events/frame-progress.ts';
import { registerFilmWork } from '../films/film-worker-routes.ts';
import { apiPath } from '../http/request-identity.ts';
import { FailureGate } from '../http/request-limits.ts';
import { addRoute, route } from '../http/route.ts';
import type { AbilityMemory } from '../jobs/abilities.ts';
import type { FullStore } from '../jobs/full-store.ts';
import type { DeliveryQueues } from '../queue/delivery-queues.ts';
import type { WorkerAccess } from '../queue/worker-access.ts';
import type { Services } from '../services.ts';
import { attemptOf, leaseToken } from './attempt-access.ts';
import { claimAttempt } from './claim-attempt.ts';
import { deliverFrame, deliverPass } from './deliver-frame.ts';
import { registerExchange } from './exchange-route.ts';
import { type HeartbeatParts, takeHeartbeat } from './heartbeat.ts';
import { leave } from './leave.ts';
import { registerPieces } from './piece-routes.ts';
import { readWorkers } from './read-workers.ts';
import { registerWorker } from './register.ts';
import { readResult } from './result-header.ts';
import type { SceneFiles } from './scene-files.ts';
import { sameSecret } from './secrets.ts';
import { takeCanary } from './take-canary.ts';
import { takeConverted } from './take-converted.ts';
import { UnnamedAttempts } from './unnamed-attempts.ts';
import { registerViewSums } from './view-sums-route.ts';
import { bearerToken, type WorkerIdentities } from './worker-identity.ts';

export interface WorkerRoutesParts {
  readonly services: Services;
  readonly change: Change;
  readonly access: WorkerAccess;
  readonly abilities: AbilityMemory;
  readonly workers: WorkerIdentities;
  readonly attempts: AttemptMemory;
  readonly results: Results;
  readonly fullStore: FullStore;
  readonly files: SceneFiles;
  readonly queues: DeliveryQueues;
  readonly queueIsUp: () => boolean;
  readonly bus: Bus;
  readonly ending: EndParts;
  readonly settle: (ended: readonly EndedAttempt[]) => Promise<void>;
  readonly leaseMs: number;
  readonly frameProgress: FrameProgressBoard;
  readonly sessions: HeartbeatParts['sessions'];
}

const AttemptParams = Type.Object({ attemptId: Id('attempt') });
const Nothing = Type.Object({});

const spec = <S extends Pick<RouteSpec, 'method' | 'path' | 'response'> & Partial<RouteSpec>>(row: S) => ({
  summary: 'For workers.',
  identity: 'none' as const,
  ...row,
});

export function registerWorkerRoutes(app: FastifyInstance, parts: WorkerRoutesParts): void {
  const { db } = parts.services.store;
  route(app, 'listWorkers', async ({ identity }) => ({ items: await readWorkers(db, identity) }));
  app.register(async (scope) => {
    admitWorkers(scope, parts);
    registerPresence(scope, parts);
    registerAttempts(scope, parts);
    registerBytes(scope, parts);
    registerExchange(scope, parts);
    registerFilmWork(scope, {
      services: parts.services,
      results: parts.results,
      fullStore: parts.fullStore,
      held: async (request, attemptId) =>
        attemptOf(parts.attempts, await parts.workers.of(request.headers), attemptId, request.headers),
    });
  });
}

/** Whoever is no worker is refused before a body is read or looked at, and after too many tries has to wait. */
function admitWorkers(scope: FastifyInstance, { services, workers }: WorkerRoutesParts): void {
  const failures = new FailureGate(services.identityFailures);
  const comes = apiPath(WORKER_ROUTES.register.path);
  scope.addHook('onRequest', async (request, reply) => {
    try {
      if (request.routeOptions.url === comes) checkToken(request, services.workerToken);
      else await workers.of(request.headers);
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      failures.failed(request);
      failures.check(request, reply);
      throw error;
    }
  });
}

function checkToken(request: FastifyRequest, workerToken: string): void {
  if (sameSecret(bearerToken(request.headers), workerToken)) return;
  throw new KilnError('identity.missing', 'expected KILN_WORKER_TOKEN as `Authorization: Bearer`');
}

/** Coming, staying, going. */
function registerPresence(app: FastifyInstance, parts: WorkerRoutesParts): void {
  const { services, change, access, abilities, workers, bus, ending, settle, leaseMs, sessions, frameProgress } = parts;
  const { db } = services.store;
  const unnamed = new UnnamedAttempts(() => services.clock.monotonicMs());

  addRoute(
    app,
    spec({ ...WORKER_ROUTES.register, body: RegisterRequest, response: Registration }),
    async ({ body }) => {
      const registration = await registerWorker(storable(body), { services, change, access, leaseMs });
      workers.forget(registration.workerId);
      abilities.forget();
      bus.tell({ type: 'wake', why: 'workers', afterMs: 0 });
      bus.tell({ type: 'worker-room' });
      return registration;
    },
  );

  addRoute(
    app,
    spec({ ...WORKER_ROUTES.heartbeat, body: Heartbeat, response: HeartbeatAnswer }),
    async ({ body, request }) => {
      const workerId = await workers.of(request.headers);
      const { answer, forgotten, stateChanged } = await takeHeartbeat(workerId, storable(body), {
        db,
        leaseMs,
        unnamed,
        sessions,
      });
      const renewed = new Set(answer.renewed.map(({ attemptId }) => attemptId));
      await frameProgress.take((body.progress ?? []).filter(({ attemptId }) => renewed.has(attemptId)));
      if (forgotten.length > 0) await settle(await endInTurns(change, forgotten, ending));
      if (stateChanged) {
        abilities.forget();
        await change((trx, tell) => tellWorkers(trx, tell));
        bus.tell({ type: 'worker-room' });
      }
      bus.tell({ type: 'wake', why: 'workers', afterMs: 0 });
      return answer;
    },
  );

  addRoute(
    app,
    spec({ ...WORKER_ROUTES.canary, body: CanaryVerdict, response: Nothing }),
    async ({ body, request }) => {
      const ends = await takeCanary(await workers.of(request.headers), storable(body), parts.services);
      if (ends.length > 0) await settle(await endInTurns(change, ends, ending));
      bus.tell({ type: 'wake', why: 'workers', afterMs: 0 });
      return {};
    },
  );

  addRoute(app, spec({ ...WORKER_ROUTES.goodbye, response: Nothing }), async ({ request }) => {
    const workerId = await workers.of(request.headers);
    const ends = await leave(db, change, workerId);
    workers.forget(workerId);
    abilities.forget();
    bus.tell({ type: 'worker-gone', workerId });
    await settle(await endInTurns(change, ends, ending));
    try {
      await parts.queues.remove(workerId);
      await access.revoke(workerId);
    } catch (error) {
      request.log.info({ err: error, workerId }, 'what Redis holds for a worker that left goes when it is forgotten');
    }
    return {};
  });
}

/** Work: claimed, failed, imported. */
function registerAttempts(app: FastifyInstance, parts: WorkerRoutesParts): void {
  const { workers, attempts, results, leaseMs } = parts;
  const { db } = parts.services.store;
  const held = async (request: FastifyRequest, attemptId: string): Promise<AttemptFacts> =>
    attemptOf(attempts, await workers.of(request.headers), attemptId, request.headers);

  addRoute(
    app,
    spec({ ...WORKER_ROUTES.claim, params: AttemptParams, response: Assignment }),
    async ({ params, request }) => {
      return claimAttempt(await held(request, params.attemptId), { db, attempts, results, leaseMs });
    },
  );
  addRoute(
    app,
    spec({ ...WORKER_ROUTES.fail, params: AttemptParams, body: AttemptFailure, response: Nothing }),
    async ({ params, body, request }) => {
      await results.fail(await held(request, params.attemptId), storable(body));
      return {};
    },
  );
  addRoute(
    app,
    spec({ ...WORKER_ROUTES.import, params: AttemptParams, body: ImportResult, response: Nothing }),
    async ({ params, body, request }) => {
      const attempt = await held(request, params.attemptId);
      if (attempt.work.kind !== 'import') throw new KilnError('request.invalid', 'this attempt is no import');
      await results.import(attempt, storable(body));
      return {};
    },
  );
}

/** Frames up, scenes' files down. */
function registerBytes(app: FastifyInstance, parts: WorkerRoutesParts): void {
  const { services, workers, attempts, results, files, fullStore } = parts;
  app.register(async (scope) => {
    // The body is streamed into the object store as it comes: a frame, or a scene that was converted.
    scope.addContentTypeParser(/^image\//, (_request, payload, done) => done(null, payload));
    scope.addContentTypeParser(GLB_MEDIA_TYPE, (_request, payload, done) => done(null, payload));
    registerPieces(scope, parts);
    registerViewSums(scope, parts);
    scope.route<{ Params: { attemptId: string; frameNumber: string } }>({
      method: WORKER_ROUTES.frame.method,
      url: apiPath(WORKER_ROUTES.frame.path),
      schema: { hide: true },
      config: { identity: 'none' },
      logLevel: 'warn',
      handler: async (request) => {
        const workerId = await workers.of(request.headers);
        const attempt = await attemptOf(attempts, workerId, request.params.attemptId, request.headers);
        const frameNumber = Number(request.params.frameNumber);
        const result = readResult(FrameResult, request.headers, FRAME_HEADER);
        const frame = { attempt, frameNumber, mediaType: request.headers['content-type'], result, bytes: request.raw };
        return fullStore.watch(attempt, () => deliverFrame(frame, services.objects, results));
      },
    });
    scope.route<{ Params: { attemptId: string; frameNumber: string; pass: string } }>({
      method: WORKER_ROUTES.pass.method,
      url: apiPath(WORKER_ROUTES.pass.path),
      schema: { hide: true },
      config: { identity: 'none' },
      logLevel: 'warn',
      handler: async ({ headers, params, raw }) => {
        const attempt = await attemptOf(attempts, await workers.of(headers), params.attemptId, headers);
        const result = readResult(PassResult, headers, FRAME_HEADER);
        const mediaType = headers['content-type'];
        const frame = { attempt, frameNumber: Number(params.frameNumber), mediaType, result, bytes: raw };
        await fullStore.watch(attempt, () => deliverPass(frame, params.pass, services.objects));
        return {};
      },
    });
    scope.route<{ Params: { attemptId: string; sha256: string } }>({
      method: WORKER_ROUTES.converted.method,
      url: apiPath(WORKER_ROUTES.converted.path),
      schema: { hide: true, params: Type.Object({ attemptId: Id('attempt'), sha256: Sha256 }) },
      config: { identity: 'none' },
      logLevel: 'warn',
      handler: async (request) => {
        const workerId = await workers.of(request.headers);
        const { attemptId, sha256 } = request.params;
        const attempt = await attemptOf(attempts, workerId, attemptId, request.headers);
        await takeConverted({ attempt, sha256, headers: request.headers, bytes: request.raw }, services);
        return {};
      },
    });
    scope.route<{ Params: { sha256: string } }>({
      method: WORKER_ROUTES.file.method,
      url: apiPath(WORKER_ROUTES.file.path),
      schema: { hide: true, params: Type.Object({ sha256: Sha256 }) },
      config: { identity: 'none' },
      handler: async (request, reply) => {
        const workerId = await workers.of(request.headers);
        const { bytes, sizeBytes } = await files.open(workerId, leaseToken(request.headers), request.params.sha256);
        reply.header('content-type', 'application/octet-stream').header('content-length', sizeBytes);
        return reply.send(bytes);
      },
    });
  });
}
