/** Addresses on the API, made from the table of routes. */

import { API_PREFIX } from '../api/api-prefix.ts';
import { BYTE_ROUTES } from '../api/byte-routes.ts';
import type { Film } from '../schemas/film.ts';
import type { Frame, FrameFile } from '../schemas/job.ts';

type Values = Readonly<Record<string, string | number | boolean | undefined>>;

/** `/jobs/:jobId` with its parameters put in. */
export function fillPath(template: string, params: Values): string {
  return template.replace(/:([A-Za-z]+)/g, (_, name: string) => encodeURIComponent(String(params[name])));
}

/** `?a=1&b=2`, or '' when there is nothing to say. */
export function queryText(query: Values): string {
  const parts = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`],
  );
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

export interface ApiUrls {
  /** `URL/api/v1` */
  readonly api: string;
  /** Where tus uploads are made. */
  readonly uploads: string;
  /** WebSocket addresses; absolute only when the client's `url` is. */
  readonly events: string;
  readonly live: string;
  frame(frame: Pick<Frame, 'jobId' | 'layer' | 'fileName'>): string;
  /** Of a frame's file. */
  frameFile(frame: Pick<Frame, 'jobId' | 'layer' | 'fileName'>, file: Pick<FrameFile, 'pass'>): string;
  /** Of a frame that has a small picture beside it. */
  framePreview(frame: Pick<Frame, 'jobId' | 'layer' | 'frameNumber'>): string;
  film(film: Pick<Film, 'jobId' | 'layer' | 'fileName'>): string;
  archive(jobId: string): string;
  thumbnail(sceneId: string): string;
}

/** @param url where the farm is: `http://127.0.0.1:7700`; '' for the page's own origin. */
export function apiUrls(url: string): ApiUrls {
  const api = `${url.replace(/\/+$/, '')}${API_PREFIX}`;
  const socket = api.replace(/^http/i, 'ws');
  return {
    api,
    uploads: api + BYTE_ROUTES.uploads.path,
    events: socket + BYTE_ROUTES.events.path,
    live: socket + BYTE_ROUTES.liveSession.path,
    frame: ({ jobId, layer, fileName }) => api + fillPath(BYTE_ROUTES.frameFile.path, { jobId, layer, fileName }),
    frameFile: ({ jobId, layer, fileName }, { pass }) =>
      api +
      (pass === null
        ? fillPath(BYTE_ROUTES.frameFile.path, { jobId, layer, fileName })
        : fillPath(BYTE_ROUTES.passFile.path, { jobId, layer, pass, fileName })),
    framePreview: ({ jobId, layer, frameNumber }) =>
      api + fillPath(BYTE_ROUTES.framePreview.path, { jobId, layer, frameNumber }),
    film: ({ jobId, layer, fileName }) => api + fillPath(BYTE_ROUTES.filmFile.path, { jobId, layer, fileName }),
    archive: (jobId) => api + fillPath(BYTE_ROUTES.jobArchive.path, { jobId }),
    thumbnail: (sceneId) => api + fillPath(BYTE_ROUTES.thumbnail.path, { sceneId }),
  };
}
