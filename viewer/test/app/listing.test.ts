import { KilnError } from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import { createLiveList } from '../../src/app/farm/listing.ts';

interface Item {
  readonly id: string;
  readonly text: string;
}
const item = (id: string, text = id): Item => ({ id, text });

/** Pages that are given when the test says so. */
function bench(next: string | null = null, isStale?: (item: Item, shown: Item) => boolean) {
  let settle: { resolve(items: readonly Item[]): void; reject(error: unknown): void } | null = null;
  const cursors: (string | null)[] = [];
  const list = createLiveList<Item>({
    key: ({ id }) => id,
    compare: (a, b) => a.id.localeCompare(b.id),
    ...(isStale && { isStale }),
    fetchPage: (cursor) => {
      cursors.push(cursor);
      return new Promise((resolve, reject) => {
        settle = { resolve: (items) => resolve({ items, next: cursor === null ? next : null }), reject };
      });
    },
  });
  return {
    list,
    cursors,
    give: (...items: Item[]) => settle?.resolve(items),
    fail: (error: unknown) => settle?.reject(error),
    texts: () => list.list.value.items.map(({ text }) => text),
  };
}

describe('createLiveList', () => {
  it('shows a page, and what events put in and take out', async () => {
    const { list, give, texts } = bench();
    const loading = list.reload();
    expect(list.list.value.state).toBe('loading');
    give(item('b'), item('a'));
    await loading;
    expect(list.list.value).toEqual({ state: 'ready', items: [item('a'), item('b')], hasMore: false });
    list.put(item('b', 'B'));
    list.put(item('c'));
    list.remove('a');
    expect(texts()).toEqual(['B', 'c']);
  });

  it('believes an event more than a page that was asked for before it', async () => {
    const { list, give, texts } = bench();
    const loading = list.reload();
    list.put(item('a', 'new'));
    list.remove('b');
    give(item('a', 'old'), item('b'));
    await loading;
    expect(texts()).toEqual(['new']);
  });

  it('keeps what is newer than an answer that comes late', () => {
    const { list, texts } = bench(null, (late, shown) => shown.text === 'ready' && late.text === 'importing');
    for (const text of ['importing', 'ready', 'importing']) list.put(item('a', text));
    expect(texts()).toEqual(['ready']);
  });

  it('adds further pages', async () => {
    const { list, give, cursors, texts } = bench('more');
    const first = list.reload();
    give(item('a'));
    await first;
    expect(list.list.value).toMatchObject({ state: 'ready', hasMore: true });
    const second = list.loadMore();
    give(item('b'));
    await second;
    expect(texts()).toEqual(['a', 'b']);
    expect(cursors).toEqual([null, 'more']);
    expect(list.list.value).toMatchObject({ state: 'ready', hasMore: false });
    await list.loadMore();
    expect(cursors).toHaveLength(2);
  });

  it('forgets everything when it is cleared, also a page that is on its way', async () => {
    const { list, give, texts } = bench();
    const loading = list.reload();
    list.put(item('a'));
    list.clear();
    expect(list.list.value).toEqual({ state: 'loading', items: [] });
    give(item('b'));
    await loading;
    expect(texts()).toEqual([]);
  });

  it('keeps what it has when it cannot be fetched again', async () => {
    const { list, give, fail, texts } = bench();
    const first = list.reload();
    give(item('a'));
    await first;
    const again = list.reload();
    fail(new KilnError('client.unreachable', 'gone'));
    await again;
    expect(list.list.value.state).toBe('failed');
    expect(texts()).toEqual(['a']);
  });
});
