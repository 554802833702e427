/** What a worker that makes a film asks for, and brings ([WK17]). The caller has admitted the worker. */
import { FILM_FORMATS, FilmFrames, Id, type RouteSpec, Sha256, WORKER_ROUTES } from '@kiln/shared';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { AttemptFacts } from '../dispatch/attempt-facts.ts';
import type { Results } from '../dispatch/results.ts';
import { apiPath } from '../http/request-identity.ts';
import { addRoute } from '../http/route.ts';
import type { FullStore } from '../jobs/full-store.ts';
import type { Services } from '../services.ts';
import { deliverFilm } from './deliver-film.ts';
import { filmWork, openFilmFile, settledFrames } from './film-frames.ts';

export interface FilmWorkerParts {
  readonly services: Services;
  readonly results: Results;
  readonly fullStore: FullStore;
  /** The attempt that the request shows the lease of. */
  readonly held: (request: FastifyRequest, attemptId: string) => Promise<AttemptFacts>;
}

const FramesParams = Type.Object({ attemptId: Id('attempt'), from: Type.String({ pattern: '^[0-9]{1,7}$' }) });

export function registerFilmWork(app: FastifyInstance, { services, results, fullStore, held }: FilmWorkerParts): void {
  const { db } = services.store;
  const frames: RouteSpec = {
    ...WORKER_ROUTES.filmFrames,
    summary: 'For workers.',
    identity: 'none',
    params: FramesParams,
    response: FilmFrames,
  };
  addRoute(app, { ...frames, params: FramesParams, response: FilmFrames }, async ({ params, request }) => {
    const attempt = await held(request, params.attemptId);
    return settledFrames(db, attempt, filmWork(attempt), Number(params.from));
  });
  app.register(async (scope) => {
    for (const { mediaType } of Object.values(FILM_FORMATS)) {
      if (!scope.hasContentTypeParser(mediaType)) {
        scope.addContentTypeParser(mediaType, (_request, payload, done) => done(null, payload));
      }
    }
    scope.route<{ Params: { attemptId: string } }>({
      method: WORKER_ROUTES.film.method,
      url: apiPath(WORKER_ROUTES.film.path),
      schema: { hide: true, params: Type.Object({ attemptId: Id('attempt') }) },
      config: { identity: 'none' },
      logLevel: 'warn',
      handler: async (request) => {
        const attempt = await held(request, request.params.attemptId);
        const film = { attempt, headers: request.headers, bytes: request.raw };
        await fullStore.watch(attempt, () => deliverFilm(film, services.objects, results));
        return {};
      },
    });
    scope.route<{ Params: { attemptId: string; sha256: string } }>({
      method: WORKER_ROUTES.filmFile.method,
      url: apiPath(WORKER_ROUTES.filmFile.path),
      schema: { hide: true, params: Type.Object({ attemptId: Id('attempt'), sha256: Sha256 }) },
      config: { identity: 'none' },
      handler: async (request, reply) => {
        const attempt = await held(request, request.params.attemptId);
        const bytes = await openFilmFile(db, services.objects, filmWork(attempt), request.params.sha256);
        return reply.header('content-type', 'application/octet-stream').send(bytes);
      },
    });
  });
}
