/** The web app's files, and its one document for each of its pages; and the script for pages of other sites. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { APP_PAGES, KilnError } from '@kiln/shared';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const PAGE = 'index.html';
const NOT_BUILT = 'Kiln runs. Its web app is not built: run `npm run build`, then start the server again.\n';

/**
 * @param folder of the built app; null, or one without a page: says so instead.
 * Files under `assets/` carry a hash in their name and never change.
 */
export async function registerWebApp(app: FastifyInstance, folder: string | null): Promise<void> {
  const isBuilt = folder !== null && existsSync(join(folder, PAGE));
  if (isBuilt) {
    await app.register(fastifyStatic, {
      root: folder,
      cacheControl: false,
      schemaHide: true,
      setHeaders: (reply, path) => {
        const isImmutable = path.startsWith(join(folder, 'assets/'));
        reply.header('cache-control', isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  }
  app.setNotFoundHandler(async (request, reply) => {
    if (!isPage(request)) {
      throw new KilnError('resource.not_found', `there is nothing at ${request.method} ${pathOf(request)}`);
    }
    if (isBuilt) return reply.sendFile(PAGE);
    return notBuilt(reply);
  });
}

/**
 * `<kiln-preview>` and what it loads, for pages anywhere.
 *
 * @param folder of the built script; null, or one that is not there: nothing is served.
 */
export async function registerEmbed(app: FastifyInstance, folder: string | null): Promise<void> {
  if (folder === null || !existsSync(folder)) return;
  await app.register(fastifyStatic, {
    root: folder,
    prefix: EMBED_PREFIX,
    decorateReply: false,
    cacheControl: false,
    schemaHide: true,
    setHeaders: (reply, path) => {
      const isImmutable = /-[\w-]{8}\.js$/.test(path);
      reply.header('cache-control', isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache');
      reply.header('access-control-allow-origin', '*');
      reply.header('cross-origin-resource-policy', 'cross-origin');
    },
  });
}

const EMBED_PREFIX = '/embed/';

/** Whether any page may ask for it. */
export const isOpenFile = ({ method, url }: Pick<FastifyRequest, 'method' | 'url'>): boolean =>
  (method === 'GET' || method === 'HEAD') && url.startsWith(EMBED_PREFIX);

const pathOf = (request: FastifyRequest) => request.url.split('?', 1)[0] ?? '/';

/** Ids are not looked at: that nothing has this one, the page says. */
const PAGES = Object.values(APP_PAGES).map(
  (path) => new RegExp(`^${path.replace(/:\w+/g, '[^/]+').replace(/\/$/, '')}/?$`),
);

const isPage = (request: FastifyRequest) =>
  (request.method === 'GET' || request.method === 'HEAD') && PAGES.some((page) => page.test(pathOf(request)));

const notBuilt = (reply: FastifyReply) =>
  reply.code(200).header('cache-control', 'no-cache').type('text/plain; charset=utf-8').send(NOT_BUILT);
