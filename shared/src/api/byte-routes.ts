/** Routes whose bodies are bytes. `HEAD` is answered wherever `GET` is. */
export const BYTE_ROUTES = {
  uploads: { path: '/uploads', summary: 'Resumable upload (tus 1.0.0); metadata: `sha256`, `filename`.' },
  frameFile: {
    path: '/jobs/:jobId/frames/:layer/:fileName',
    summary: 'One finished frame; ranges, ETag = its SHA-256.',
  },
  passFile: {
    path: '/jobs/:jobId/frames/:layer/:pass/:fileName',
    summary: 'One pass of a finished frame that has a file of each; ranges, ETag = its SHA-256.',
  },
  framePreview: {
    path: '/jobs/:jobId/previews/:layer/:frameNumber',
    summary: 'A small picture (WebP) of a finished frame that is too large to be shown; ETag = its SHA-256.',
  },
  filmFile: {
    path: '/jobs/:jobId/films/:layer/:fileName',
    summary: 'One finished film; ranges, ETag = its SHA-256.',
  },
  jobArchive: {
    path: '/jobs/:jobId/archive.zip',
    summary: 'All finished frames and films of a job as a ZIP, streamed.',
  },
  thumbnail: { path: '/scenes/:sceneId/thumbnail', summary: 'A scene’s thumbnail (WebP).' },
  events: { path: '/events', summary: 'WebSocket: what changes (PROTOCOL.md, rules EV).' },
  liveSession: { path: '/live', summary: 'WebSocket: one live session (PROTOCOL.md, rules LV).' },
} as const;
