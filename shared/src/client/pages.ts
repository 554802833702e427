/** Lists that come in pages, as one sequence. */
import { KilnError } from '../errors.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** Spread it into the query: empty for the first page. */
export interface PageCursor {
  readonly cursor?: string;
}

/**
 * Every item of every page, fetched as they are asked for.
 *
 *     for await (const frame of allPages((at) => client.listFrames({ params, query: { ...at, limit: 1_000 } })))
 *
 * @throws KilnError whatever fetching a page throws; `client.bad_answer` when a page points at itself.
 */
export async function* allPages<T>(
  fetchPage: (at: PageCursor) => Promise<Page<T>>,
): AsyncGenerator<T, void, undefined> {
  let at: PageCursor = {};
  for (;;) {
    const { items, next } = await fetchPage(at);
    yield* items;
    if (next === null) return;
    if (next === at.cursor) throw new KilnError('client.bad_answer', `a page names itself (${next}) as the next one`);
    at = { cursor: next };
  }
}
