/** A film's bytes come in: checked while they stream into the object store, then recorded. */
import type { IncomingHttpHeaders } from 'node:http';
import { FILM_FORMATS, FILM_HEADER, FilmResult, KilnError, LIMITS, parseJson } from '@kiln/shared';
import type { AttemptFacts } from '../dispatch/attempt-facts.ts';
import type { Results } from '../dispatch/results.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { filmWork } from './film-frames.ts';

export interface IncomingFilm {
  readonly attempt: AttemptFacts;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * @throws KilnError `request.invalid`, `upload.hash_mismatch`, `upload.over_limit`, `storage.full`, `attempt.stale`.
 */
export async function deliverFilm(
  { attempt, headers, bytes }: IncomingFilm,
  objects: ObjectStore,
  results: Results,
): Promise<void> {
  const work = filmWork(attempt);
  const { mediaType } = FILM_FORMATS[work.plan.format];
  if (headers['content-type'] !== mediaType) {
    throw new KilnError('request.unsupported_media_type', `expected a film of this attempt as ${mediaType}`);
  }
  const result = readResult(headers[FILM_HEADER]);
  const stored = await objects.put(bytes, { maxBytes: LIMITS.filmBytes, expectSha256: result.sha256 });
  if (stored.sizeBytes !== result.sizeBytes) {
    throw new KilnError('upload.hash_mismatch', `expected ${result.sizeBytes} bytes, got ${stored.sizeBytes}`);
  }
  await results.film({ attempt, work, result });
}

function readResult(header: string | string[] | undefined): FilmResult {
  if (typeof header !== 'string') {
    throw new KilnError('request.invalid', `expected the film's result as the header ${FILM_HEADER}`);
  }
  let text: string;
  try {
    text = decodeURIComponent(header);
  } catch (cause) {
    throw new KilnError('request.invalid', `the header ${FILM_HEADER} is not URI-encoded`, { cause });
  }
  return parseJson(FilmResult, text, 'the result of the film');
}
