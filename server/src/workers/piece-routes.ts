/** Sums of parts of frames: up from those that draw them, down to the one that makes the frame. */
import { Id, KilnError, Sha256, WORKER_ROUTES } from '@kiln/shared';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { AttemptMemory } from '../dispatch/attempt-facts.ts';
import type { Results } from '../dispatch/results.ts';
import { sumsFor } from '../dispatch/stored-sums.ts';
import { apiPath } from '../http/request-identity.ts';
import type { FullStore } from '../jobs/full-store.ts';
import type { Services } from '../services.ts';
import { attemptOf } from './attempt-access.ts';
import { deliverPiece } from './deliver-piece.ts';
import type { WorkerIdentities } from './worker-identity.ts';

export interface PieceRoutesParts {
  readonly services: Pick<Services, 'objects' | 'store'>;
  readonly workers: WorkerIdentities;
  readonly attempts: AttemptMemory;
  readonly results: Results;
  readonly fullStore: FullStore;
}

/** @param scope hands bodies on as streams. */
export function registerPieces(
  scope: FastifyInstance,
  { services, workers, attempts, results, fullStore }: PieceRoutesParts,
): void {
  scope.route<{ Params: { attemptId: string } }>({
    method: WORKER_ROUTES.piece.method,
    url: apiPath(WORKER_ROUTES.piece.path),
    schema: { hide: true, params: Type.Object({ attemptId: Id('attempt') }) },
    config: { identity: 'none' },
    logLevel: 'warn',
    handler: async ({ headers, params, raw }) => {
      const attempt = await attemptOf(attempts, await workers.of(headers), params.attemptId, headers);
      const piece = { attempt, headers, bytes: raw };
      return fullStore.watch(attempt, () => deliverPiece(piece, services.objects, results));
    },
  });
  scope.route<{ Params: { attemptId: string; sha256: string } }>({
    method: WORKER_ROUTES.sums.method,
    url: apiPath(WORKER_ROUTES.sums.path),
    schema: { hide: true, params: Type.Object({ attemptId: Id('attempt'), sha256: Sha256 }) },
    config: { identity: 'none' },
    handler: async ({ headers, params }, reply) => {
      const { taskId } = await attemptOf(attempts, await workers.of(headers), params.attemptId, headers);
      const sizeBytes = await sumsFor(services.store.db, taskId, params.sha256);
      if (sizeBytes === null) throw new KilnError('resource.not_found', `this attempt has no sums ${params.sha256}`);
      reply.header('content-type', 'application/octet-stream').header('content-length', sizeBytes);
      return reply.send(await services.objects.get(params.sha256));
    },
  });
}
