import { BYTE_ROUTES, Id, parse } from '@kiln/shared';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { apiPath, identityOf } from '../http/request-identity.ts';
import { attachment, sendNothing, sendObject } from '../http/send-object.ts';
import type { Services } from '../services.ts';
import { findFrame, findPreview } from './find-frame.ts';
import { openArchive } from './job-archive.ts';

const FrameParams = Type.Object({ jobId: Id('job'), layer: Type.String(), fileName: Type.String() });
const PassParams = Type.Object({ ...FrameParams.properties, pass: Type.String() });
const PreviewParams = Type.Object({
  jobId: Id('job'),
  layer: Type.String(),
  frameNumber: Type.String({ pattern: '^-?\\d{1,9}$' }),
});
/**
 * Any value of `download` makes a browser save the frame instead of showing it. With `v`, the first 12 digits of its hash or
 * more, it is cached for ever; without, whoever has it asks whether it is still the same.
 */
const FrameQuery = Type.Object({ download: Type.Optional(Type.String()), v: Type.Optional(Type.String()) });
const JobParams = Type.Object({ jobId: Id('job') });

export function registerFrames(app: FastifyInstance, services: Pick<Services, 'store' | 'objects' | 'log'>): void {
  const { db } = services.store;

  app.get(
    apiPath(BYTE_ROUTES.frameFile.path),
    {
      schema: {
        summary: BYTE_ROUTES.frameFile.summary,
        operationId: 'getFrameFile',
        params: FrameParams,
        querystring: FrameQuery,
      },
    },
    async (request, reply) => {
      const params = parse(FrameParams, request.params, 'the path');
      const { download } = parse(FrameQuery, request.query, 'the query');
      const frame = await findFrame(db, identityOf(request).tenantId, params);
      const saveAs = download === undefined ? null : params.fileName;
      return sendObject(services.objects, request, reply, { ...frame, saveAs });
    },
  );

  app.get(
    apiPath(BYTE_ROUTES.passFile.path),
    {
      schema: {
        summary: BYTE_ROUTES.passFile.summary,
        operationId: 'getPassFile',
        params: PassParams,
        querystring: FrameQuery,
      },
    },
    async (request, reply) => {
      const params = parse(PassParams, request.params, 'the path');
      const { download } = parse(FrameQuery, request.query, 'the query');
      const file = await findFrame(db, identityOf(request).tenantId, params);
      const saveAs = download === undefined ? null : `${params.pass}-${params.fileName}`;
      return sendObject(services.objects, request, reply, { ...file, saveAs });
    },
  );

  app.get(
    apiPath(BYTE_ROUTES.framePreview.path),
    {
      schema: {
        summary: BYTE_ROUTES.framePreview.summary,
        operationId: 'getFramePreview',
        params: PreviewParams,
      },
    },
    async (request, reply) => {
      const { frameNumber, ...params } = parse(PreviewParams, request.params, 'the path');
      const named = { ...params, frameNumber: Number(frameNumber) };
      const preview = await findPreview(db, identityOf(request).tenantId, named);
      return sendObject(services.objects, request, reply, { ...preview, saveAs: null });
    },
  );

  app.get(
    apiPath(BYTE_ROUTES.jobArchive.path),
    { schema: { summary: BYTE_ROUTES.jobArchive.summary, operationId: 'getJobArchive', params: JobParams } },
    async (request, reply) => {
      const { jobId } = parse(JobParams, request.params, 'the path');
      const { tenantId } = identityOf(request);
      const { fileName, bytes } = await openArchive({ db, ...services }, tenantId, jobId);
      reply
        .type('application/zip')
        // Frames may still be added: this answer is not the next one's.
        .header('cache-control', 'no-store')
        .header('content-disposition', attachment(fileName));
      if (request.method === 'HEAD') {
        bytes.destroy();
        return sendNothing(reply);
      }
      return reply.send(bytes);
    },
  );
}
