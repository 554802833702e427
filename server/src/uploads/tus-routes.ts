/**
 * tus 1.0.0 with the extensions creation, creation-with-upload, termination and expiration.
 *
 * Our own and not @tus/server 2.4: its file store reports a full disk as any other failure, keeps uploads outside the
 * database, answers a resuming client only 3 s after a request that hangs, and opens every upload to every origin.
 */
import { BYTE_ROUTES, Id, KilnError, LIMITS, parse } from '@kiln/shared';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { type RequestBody, uploadBodyOf } from '../http/request-body.ts';
import { apiPath, identityOf } from '../http/request-identity.ts';
import { SERVER_LIMITS } from '../limits.ts';
import type { Clock } from '../services.ts';
import { Turns } from './turns.ts';
import { parseUploadMetadata } from './upload-metadata.ts';
import type { Upload, Uploads } from './uploads.ts';

const VERSION = '1.0.0';
const Params = Type.Object({ uploadId: Id('upload') });

export function registerUploads(app: FastifyInstance, uploads: Uploads, clock: Pick<Clock, 'now'>): void {
  const turns = new Turns();
  const collection = apiPath(BYTE_ROUTES.uploads.path);
  const single = `${collection}/:uploadId`;
  const { summary } = BYTE_ROUTES.uploads;
  const schema = { summary, params: Params };

  app.addHook('onRequest', async (request, reply) => {
    if (!request.url.startsWith(collection)) return;
    reply.header('tus-resumable', VERSION).header('cache-control', 'no-store');
  });

  const expires = (reply: FastifyReply) =>
    reply.header('upload-expires', new Date(clock.now().getTime() + SERVER_LIMITS.uploadKeepMs).toUTCString());

  /** Runs `work` while no other request has the upload. */
  async function inTurn<T>(
    request: FastifyRequest,
    work: (upload: Upload, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { uploadId } = parse(Params, request.params, 'the path');
    const { tenantId } = identityOf(request);
    await uploads.find(tenantId, uploadId);
    const turn = await turns.take(uploadId);
    try {
      // Looked for again: whoever had the turn may have ended it.
      return await work(await uploads.find(tenantId, uploadId), turn.signal);
    } finally {
      turn.end();
    }
  }

  app.route({
    method: 'OPTIONS',
    url: collection,
    schema: { hide: true },
    config: { identity: 'none' },
    handler: async (_request, reply) =>
      reply
        .code(204)
        .header('tus-version', VERSION)
        .header('tus-extension', 'creation,creation-with-upload,termination,expiration')
        .header('tus-max-size', LIMITS.fileBytes)
        .send(),
  });

  app.post(collection, { schema: { summary, operationId: 'createUpload' } }, async (request, reply) => {
    checkVersion(request, reply);
    refuseConcatenation(request);
    const metadata = parseUploadMetadata(headerOf(request, 'upload-metadata'));
    const created = await uploads.create(identityOf(request).tenantId, countOf(request, 'upload-length'), metadata);
    reply.code(201).header('location', `${collection}/${created.id}`);
    if (request.uploadBody !== null) {
      const turn = await turns.take(created.id);
      try {
        reply.header('upload-offset', await uploads.append(created, 0, bytesOf(request, turn.signal)));
      } finally {
        turn.end();
      }
    }
    return expires(reply).send();
  });

  app.route({
    method: 'HEAD',
    url: single,
    schema: { ...schema, operationId: 'getUpload' },
    handler: async (request, reply) => {
      checkVersion(request, reply);
      const { upload, offset } = await inTurn(request, (found) => uploads.state(found));
      return expires(reply).code(200).header('upload-offset', offset).header('upload-length', upload.size_bytes).send();
    },
  });

  app.patch(single, { schema: { ...schema, operationId: 'appendUpload' } }, async (request, reply) => {
    checkVersion(request, reply);
    uploadBodyOf(request);
    const from = countOf(request, 'upload-offset');
    const offset = await inTurn(request, (upload, signal) => uploads.append(upload, from, bytesOf(request, signal)));
    return expires(reply).code(204).header('upload-offset', offset).send();
  });

  app.delete(single, { schema: { ...schema, operationId: 'endUpload' } }, async (request, reply) => {
    checkVersion(request, reply);
    await inTurn(request, (upload) => uploads.remove(upload));
    return reply.code(204).send();
  });
}

/** The body, until another request takes the upload over. */
function bytesOf(request: FastifyRequest, signal: AbortSignal): RequestBody {
  const body = uploadBodyOf(request);
  const cut = () => body.cut(new KilnError('resource.conflict', 'another request took this upload over'));
  if (signal.aborted) cut();
  else signal.addEventListener('abort', cut, { once: true });
  return body;
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

/** @throws KilnError `request.invalid` unless the header is a whole number of 0 or more. */
function countOf(request: FastifyRequest, name: string): number {
  const text = headerOf(request, name);
  if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
  throw new KilnError('request.invalid', `expected the header ${name} with a number of bytes, got ${text ?? 'none'}`, {
    field: `/headers/${name}`,
  });
}

/** Its parts would be stored as files. @throws KilnError `request.invalid` when the upload is one of several, or their whole. */
function refuseConcatenation(request: FastifyRequest): void {
  if (headerOf(request, 'upload-concat') === undefined) return;
  throw new KilnError(
    'request.invalid',
    'uploads are not concatenated here: it is none of the Tus-Extension; send one',
    {
      field: '/headers/upload-concat',
    },
  );
}

/** @throws KilnError `upload.version`, with the version that is spoken here in a header. */
function checkVersion(request: FastifyRequest, reply: FastifyReply): void {
  const version = headerOf(request, 'tus-resumable');
  if (version === VERSION) return;
  reply.header('tus-version', VERSION);
  throw new KilnError('upload.version', `expected the header Tus-Resumable: ${VERSION}, got ${version ?? 'none'}`, {
    field: '/headers/tus-resumable',
  });
}
