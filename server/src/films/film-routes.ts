/** Films of jobs over HTTP. */
import { BYTE_ROUTES, Id, parse } from '@kiln/shared';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { apiPath, identityOf } from '../http/request-identity.ts';
import { route } from '../http/route.ts';
import { sendObject } from '../http/send-object.ts';
import type { JobReader } from '../jobs/read-jobs.ts';
import type { Services } from '../services.ts';
import { findFilm, readFilms } from './read-films.ts';

const FilmParams = Type.Object({ jobId: Id('job'), layer: Type.String(), fileName: Type.String() });
/** Any value of `download` makes a browser save the film instead of playing it. */
const FilmQuery = Type.Object({ download: Type.Optional(Type.String()) });

export function registerFilms(
  app: FastifyInstance,
  services: Pick<Services, 'store' | 'objects'>,
  reader: JobReader,
): void {
  const { db } = services.store;
  route(app, 'listFilms', async ({ identity, params }) => {
    await reader.get(identity.tenantId, params.jobId);
    return { items: await readFilms(db, identity.tenantId, params.jobId) };
  });
  app.get(
    apiPath(BYTE_ROUTES.filmFile.path),
    {
      schema: {
        summary: BYTE_ROUTES.filmFile.summary,
        operationId: 'getFilmFile',
        params: FilmParams,
        querystring: FilmQuery,
      },
    },
    async (request, reply) => {
      const params = parse(FilmParams, request.params, 'the path');
      const { download } = parse(FilmQuery, request.query, 'the query');
      const film = await findFilm(db, identityOf(request).tenantId, params);
      const saveAs = download === undefined ? null : params.fileName;
      return sendObject(services.objects, request, reply, { ...film, saveAs });
    },
  );
}
