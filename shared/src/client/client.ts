/** The typed client of the HTTP API: one function for every route, its types and its checks from the table of routes. */
import type { Static, TSchema } from 'typebox';
import type { RouteSpec } from '../api/route-spec.ts';
import { ROUTES, type RouteName } from '../api/routes.ts';
import { KilnError } from '../errors.ts';
import { parse } from '../validate.ts';
import { readAnswer } from './answer.ts';
import type { Fetch, FetchInit } from './fetch.ts';
import { type ApiUrls, apiUrls, fillPath, queryText } from './urls.ts';

type Routes = typeof ROUTES;

/** What a route takes: `params`, `query` and `body`, as far as it has them. */
export type RouteInput<K extends RouteName> = (Routes[K] extends { readonly params: infer P extends TSchema }
  ? { readonly params: Static<P> }
  : unknown) &
  (Routes[K] extends { readonly query: infer Q extends TSchema } ? { readonly query?: Static<Q> } : unknown) &
  (Routes[K] extends { readonly body: infer B extends TSchema } ? { readonly body: Static<B> } : unknown);

export type RouteOutput<K extends RouteName> = Static<Routes[K]['response']>;

type RouteCall<K extends RouteName> =
  Record<never, never> extends RouteInput<K>
    ? (input?: RouteInput<K>) => Promise<RouteOutput<K>>
    : (input: RouteInput<K>) => Promise<RouteOutput<K>>;

export type RouteCalls = { readonly [K in RouteName]: RouteCall<K> };

export interface Client extends RouteCalls {
  /** Addresses of what is not JSON. */
  readonly urls: ApiUrls;
  /** What identifies the client, for requests that it makes by other means: downloads, uploads. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ClientOptions {
  /** Where the farm is: `http://127.0.0.1:7700`; '' for the page's own origin. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`; without it the browser's cookie identifies. */
  readonly apiKey?: string;
  readonly fetch: Fetch;
  /** @defaultValue as `fetch` has it: `same-origin` in browsers */
  readonly credentials?: NonNullable<FetchInit['credentials']>;
}

interface AnyInput {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
}

/**
 * Every call throws KilnError: what the server says; `client.unreachable` when nothing answers; `client.bad_answer` when
 * what answers is no Kiln server; `request.invalid` for a parameter that cannot be right, before anything is sent.
 */
export function createClient(options: ClientOptions): Client {
  const urls = apiUrls(options.url);
  const headers: Record<string, string> =
    options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` };

  async function call(route: RouteSpec, input: AnyInput = {}): Promise<unknown> {
    if (route.params) parse(route.params, input.params, 'the parameters');
    const url = `${urls.api}${fillPath(route.path, input.params ?? {})}${queryText(input.query ?? {})}`;
    const what = `${route.method} ${url}`;
    const init: FetchInit = {
      method: route.method,
      headers: {
        accept: 'application/json',
        ...headers,
        ...(route.body ? { 'content-type': 'application/json' } : {}),
      },
      ...(route.body ? { body: JSON.stringify(input.body) } : {}),
      ...(options.credentials ? { credentials: options.credentials } : {}),
    };
    try {
      const response = await options.fetch(url, init);
      return await readAnswer(response, route.response, what, route.otherStatuses ?? []);
    } catch (cause) {
      if (cause instanceof KilnError) throw cause;
      throw new KilnError('client.unreachable', `${what} got no answer: ${reasonOf(cause)}`, { cause });
    }
  }

  const calls = Object.fromEntries(
    Object.entries(ROUTES).map(([name, route]) => [name, (input?: AnyInput) => call(route, input)]),
  );
  // The compiler cannot follow a mapped type through fromEntries. `readAnswer` checks every result against the schema
  // that the type comes from.
  return { ...(calls as unknown as RouteCalls), urls, headers };
}

/** Node's fetch says only "fetch failed"; its cause says why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? `${error.message} (${cause.message})` : error.message;
}
