/** Bodies in JSON, without keys that would change what objects inherit. */
import { KilnError } from '@kiln/shared';
import type { FastifyInstance } from 'fastify';

export function registerJsonBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    parseJson(request, body, (error, value) => {
      const field = error === null ? null : poisonedField(body);
      if (field === null) return done(error, value);
      const message = `${field} of the body is not known: no request has \`__proto__\`, or \`prototype\` in \`constructor\``;
      done(new KilnError('request.invalid', message, { field }));
    });
  });
}

/** JSON Pointer of the first key that Fastify's parser refuses; null in what is no JSON. */
function poisonedField(body: string): string | null {
  try {
    const queue: [pointer: string, value: unknown][] = [['', JSON.parse(body)]];
    for (const [pointer, value] of queue) {
      if (typeof value !== 'object' || value === null) continue;
      for (const [key, item] of Object.entries(value)) {
        const below = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        const isPoison = key === '__proto__' || (key === 'constructor' && Object.hasOwn(Object(item), 'prototype'));
        if (isPoison) return below;
        queue.push([below, item]);
      }
    }
  } catch {
    // Not JSON: its own error says so.
  }
  return null;
}
