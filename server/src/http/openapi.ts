/** The API's description, made from the schemas that validate. */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { apiPath } from './request-identity.ts';

/** Must be registered before the routes that it describes. */
export async function registerOpenApi(
  app: FastifyInstance,
  version: string,
  sessionCookie: () => string,
): Promise<void> {
  // Its name is known when the server listens: it is read for the first answer.
  const cookie = {
    type: 'apiKey' as const,
    in: 'cookie',
    get name() {
      return sessionCookie();
    },
  };
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Kiln', version, description: 'A render farm for three.js scenes.' },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, `kiln_…`.' },
          cookie,
        },
      },
      security: [{ apiKey: [] }, { cookie: [] }],
    },
  });
  let text: string | null = null;
  app.get(
    apiPath('/openapi.json'),
    { config: { identity: 'none' }, schema: { hide: true } },
    async (_request, reply) => {
      text ??= JSON.stringify(app.swagger());
      return reply.type('application/json; charset=utf-8').send(text);
    },
  );
}
