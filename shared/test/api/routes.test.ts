import { describe, expect, it } from 'vitest';
import { BYTE_ROUTES } from '../../src/api/byte-routes.ts';
import type { RouteSpec } from '../../src/api/route-spec.ts';
import { API_PREFIX, ROUTES } from '../../src/index.ts';
import { WORKER_ROUTES } from '../../src/worker-protocol.ts';

const routes: readonly [string, RouteSpec][] = Object.entries(ROUTES);
const parametersOf = (path: string) => [...path.matchAll(/:([A-Za-z]+)/g)].map((match) => match[1]);

describe('the table of routes', () => {
  it.each(routes)('%s has a schema for every parameter of its path', (_, { path, params }) => {
    expect(Object.keys(params?.properties ?? {})).toEqual(parametersOf(path));
  });

  it.each(routes)('%s takes a body only where its method may have one', (_, { method, body }) => {
    if (body) expect(['POST', 'PUT', 'PATCH']).toContain(method);
  });

  it.each(routes)('%s is open to nobody by accident', (name, { identity, path }) => {
    if (identity === 'none') expect(['health', 'live', 'ready', 'signIn']).toContain(name);
    expect(identity === 'operator').toBe(path.startsWith('/admin/'));
  });

  it.each(routes)('%s refuses fields that it does not know in query and body', (_, { query, body }) => {
    for (const schema of [query, body]) if (schema) expect(schema).toHaveProperty('additionalProperties', false);
  });

  it('names each method and path once, the bytes’ and the workers’ included', () => {
    const all = [
      ...routes.map(([, { method, path }]) => `${method} ${path}`),
      ...Object.values(BYTE_ROUTES).map(({ path }) => `GET ${path}`),
      ...Object.values(WORKER_ROUTES).map(({ method, path }) => `${method} ${path}`),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(all.every((route) => / \/[a-z]/.test(route))).toBe(true);
    expect(API_PREFIX).toBe('/api/v1');
  });
});
