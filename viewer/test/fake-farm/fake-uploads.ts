/** As much of tus 1.0.0 as the upload client needs, with a switch that cuts connections. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface FakeUploads {
  handle(request: IncomingMessage, response: ServerResponse, id: string | null): void;
  /** Bytes after which the connection of the next PATCH is cut; null: none. Counts once. */
  cutAfterBytes: number | null;
  /** While true, nothing is taken. */
  down: boolean;
  /** Bytes of every PATCH, in order. */
  readonly patches: { readonly offset: number; readonly bytes: number }[];
}

interface Upload {
  readonly lengthBytes: number;
  readonly sha256: string;
  offset: number;
}

export function createFakeUploads(path: string, onComplete: (sha256: string) => void): FakeUploads {
  const uploads = new Map<string, Upload>();
  const common = { 'Tus-Resumable': '1.0.0', 'Cache-Control': 'no-store' };

  const fake: FakeUploads = {
    cutAfterBytes: null,
    down: false,
    patches: [],
    handle(request, response, id) {
      if (fake.down) {
        request.destroy();
        return;
      }
      const upload = id === null ? undefined : uploads.get(id);
      if (request.method === 'POST') {
        const newId = String(uploads.size + 1);
        const metadata = new Map(
          String(request.headers['upload-metadata'])
            .split(',')
            .map((pair) => {
              const [key = '', value = ''] = pair.trim().split(' ');
              return [key, Buffer.from(value, 'base64').toString('utf8')];
            }),
        );
        const created = {
          lengthBytes: Number(request.headers['upload-length']),
          sha256: metadata.get('sha256') ?? '',
          offset: 0,
        };
        uploads.set(newId, created);
        request.resume();
        response.writeHead(201, { ...common, Location: `${path}/${newId}`, 'Upload-Offset': '0' }).end();
        if (created.lengthBytes === 0) onComplete(created.sha256);
      } else if (!upload) {
        response.writeHead(404, common).end();
      } else if (request.method === 'HEAD') {
        response
          .writeHead(200, { ...common, 'Upload-Offset': upload.offset, 'Upload-Length': upload.lengthBytes })
          .end();
      } else if (request.method === 'PATCH') {
        patch(request, response, upload);
      } else {
        uploads.delete(id ?? '');
        response.writeHead(204, common).end();
      }
    },
  };

  function patch(request: IncomingMessage, response: ServerResponse, upload: Upload): void {
    const begin = upload.offset;
    // A browser sends a request of a connection that was reset once more by itself.
    if (Number(request.headers['upload-offset']) !== begin) {
      request.resume();
      response.writeHead(409, common).end();
      return;
    }
    request.on('data', (bytes: Buffer) => {
      upload.offset += bytes.length;
      if (fake.cutAfterBytes !== null && upload.offset >= fake.cutAfterBytes) {
        fake.cutAfterBytes = null;
        request.destroy();
      }
    });
    request.on('close', () => fake.patches.push({ offset: begin, bytes: upload.offset - begin }));
    request.on('end', () => {
      response.writeHead(204, { ...common, 'Upload-Offset': upload.offset }).end();
      if (upload.offset === upload.lengthBytes) onComplete(upload.sha256);
    });
  }
  return fake;
}
