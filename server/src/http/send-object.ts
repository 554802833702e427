/** Bytes of the object store as an answer: ranges, ETag, and cached for ever under an address that names the bytes. */
import { Readable } from 'node:stream';
import { KilnError } from '@kiln/shared';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ByteRange, ObjectStore } from '../objects/object-store.ts';

export interface SentObject {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
  /** Name under which a browser saves it; null: it is shown. */
  readonly saveAs: string | null;
  /** Whether the address never has other bytes. @defaultValue where its query has the first digits of the hash as `v` */
  readonly isFixed?: boolean;
}

/** Of a hash in an address: as many as name it for certain. */
const LEAST_DIGITS = 12;

export async function sendObject(
  objects: ObjectStore,
  request: FastifyRequest,
  reply: FastifyReply,
  object: SentObject,
): Promise<FastifyReply> {
  const etag = `"${object.sha256}"`;
  if (matchesTag(request.headers['if-none-match'], etag))
    return describe(request, reply, object, etag).code(304).send();
  const wanted = rangeOf(request, etag, object.sizeBytes);
  if (wanted === 'unsatisfiable') {
    return reply.code(416).header('content-range', `bytes */${object.sizeBytes}`).type('text/plain').send('');
  }
  // Opened before anything is said of it: bytes that are missing are not there, and that is not for ever.
  const bytes = request.method === 'HEAD' ? null : await objects.get(object.sha256, wanted ?? undefined);
  if (bytes === null && !(await objects.has(object.sha256))) {
    throw new KilnError('resource.not_found', `no object ${object.sha256} is stored`);
  }
  const lengthBytes = wanted === null ? object.sizeBytes : wanted.last - wanted.first + 1;
  describe(request, reply, object, etag).header('content-length', lengthBytes);
  if (wanted !== null) {
    reply.code(206).header('content-range', `bytes ${wanted.first}-${wanted.last}/${object.sizeBytes}`);
  }
  return bytes === null ? sendNothing(reply) : reply.send(bytes);
}

function describe(request: FastifyRequest, reply: FastifyReply, object: SentObject, etag: string): FastifyReply {
  if (object.saveAs !== null) reply.header('content-disposition', attachment(object.saveAs));
  return reply
    .header('etag', etag)
    .header('cache-control', `private, ${isFixed(request, object) ? 'max-age=31536000, immutable' : 'no-cache'}`)
    .header('accept-ranges', 'bytes')
    .type(object.mediaType);
}

/** What is drawn anew has other bytes under the same name. */
function isFixed({ query }: FastifyRequest, { isFixed: always = false, sha256 }: SentObject): boolean {
  const named = typeof query === 'object' && query !== null && 'v' in query ? query.v : undefined;
  return always || (typeof named === 'string' && named.length >= LEAST_DIGITS && sha256.startsWith(named));
}

/** For HEAD: of anything but a stream Fastify would say the length itself, which is 0. */
export const sendNothing = (reply: FastifyReply): FastifyReply => reply.send(Readable.from([]));

const matchesTag = (header: string | undefined, etag: string) =>
  header?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*') === true;

/** One range only (RFC 9110, section 14.2): several, or a unit that is not bytes, are answered as if none was asked. */
function rangeOf(request: FastifyRequest, etag: string, sizeBytes: number): ByteRange | 'unsatisfiable' | null {
  const { range } = request.headers;
  const ifRange = request.headers['if-range'];
  if (range === undefined || (ifRange !== undefined && ifRange !== etag)) return null;
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(range.trim()) ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return null;
  if (from === '') {
    const count = Math.min(Number(to), sizeBytes);
    return count === 0 ? 'unsatisfiable' : { first: sizeBytes - count, last: sizeBytes - 1 };
  }
  const first = Number(from);
  const last = to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (first >= sizeBytes) return 'unsatisfiable';
  return last < first ? null : { first, last };
}

/** RFC 6266: a plain name for old programs, the real one beside it. */
export function attachment(fileName: string): string {
  const plain = fileName.replace(/[^\w.-]/g, '_');
  const encoded = encodeURIComponent(fileName).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
