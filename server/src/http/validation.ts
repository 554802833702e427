/** Requests are checked by the shared schemas with the shared words; a fault names its field by JSON Pointer. */
import { KilnError, parse } from '@kiln/shared';
import type { FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';

/** What each part is called in messages. A field in the body is named from the body's root, others from the request's. */
const PARTS: Readonly<Record<string, { readonly what: string; readonly pointer: string }>> = {
  body: { what: 'the body', pointer: '' },
  params: { what: 'the path', pointer: '/params' },
  querystring: { what: 'the query', pointer: '/query' },
  headers: { what: 'the headers', pointer: '/headers' },
};

export function registerValidation(app: FastifyInstance): void {
  app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => {
    const { what, pointer } = PARTS[httpPart ?? 'body'] ?? { what: 'the request', pointer: '' };
    // Only what is text by nature is converted: a body says its types itself.
    const converted = (value: unknown) => (httpPart === 'body' ? value : Value.Convert(schema, value));
    return (value: unknown) => {
      try {
        return { value: parse(schema, converted(value), what) };
      } catch (error) {
        if (!(error instanceof KilnError)) throw error;
        const field = `${pointer}${error.field ?? ''}`;
        return { error: new KilnError('request.invalid', error.message, { field, cause: error }) };
      }
    };
  });
  // Answers are built from rows field by field, by types that derive from the schema; checking them again costs time.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
}
