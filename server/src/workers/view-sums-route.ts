/** [WK25] Sums of a live view come in, for a job that begins with them: which ones it has is said on the session's socket. */
import { Id, KilnError, MAX_SUMS_BYTES, PIECE_MEDIA_TYPE, Sha256, WORKER_ROUTES } from '@kiln/shared';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { apiPath } from '../http/request-identity.ts';
import type { Services } from '../services.ts';
import { leaseToken } from './attempt-access.ts';
import { sameSecret } from './secrets.ts';
import type { WorkerIdentities } from './worker-identity.ts';

export interface ViewSumsParts {
  readonly services: Pick<Services, 'objects' | 'store'>;
  readonly workers: WorkerIdentities;
}

/** @param scope hands bodies on as streams. */
export function registerViewSums(scope: FastifyInstance, { services, workers }: ViewSumsParts): void {
  const { objects, store } = services;
  scope.route<{ Params: { sessionId: string; sha256: string } }>({
    method: WORKER_ROUTES.viewSums.method,
    url: apiPath(WORKER_ROUTES.viewSums.path),
    schema: { hide: true, params: Type.Object({ sessionId: Id('session'), sha256: Sha256 }) },
    config: { identity: 'none' },
    logLevel: 'warn',
    handler: async ({ headers, params, raw }) => {
      const session = await store.db
        .selectFrom('sessions')
        .select('worker_token')
        .where('id', '=', params.sessionId)
        .where('worker_id', '=', await workers.of(headers))
        .where('state', '!=', 'ended')
        .executeTakeFirst();
      if (!session || !sameSecret(leaseToken(headers), session.worker_token)) {
        throw new KilnError('resource.not_found', `this worker draws no session ${params.sessionId}`);
      }
      if (headers['content-type'] !== PIECE_MEDIA_TYPE) {
        throw new KilnError('request.unsupported_media_type', `expected sums as ${PIECE_MEDIA_TYPE}`);
      }
      await objects.put(raw, { maxBytes: MAX_SUMS_BYTES, expectSha256: params.sha256 });
      return {};
    },
  });
}
