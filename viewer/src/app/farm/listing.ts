/** A list that is fetched once and then kept up to date by events. */
import { KilnError } from '@kiln/shared';
import { type ReadonlySignal, signal } from '@preact/signals';

type Listing<T> =
  | { readonly state: 'loading'; readonly items: readonly T[] }
  | { readonly state: 'ready'; readonly items: readonly T[]; readonly hasMore: boolean }
  | { readonly state: 'failed'; readonly items: readonly T[]; readonly error: KilnError };

export interface LiveList<T> {
  readonly list: ReadonlySignal<Listing<T>>;
  /** Fetches the first page again; what is shown stays until it is here. */
  reload(): Promise<void>;
  /** Fetches the next page, if there is one. */
  loadMore(): Promise<void>;
  /** Puts in what changed, in its place or in front; unless an event told it, not what `isStale` against what is there. */
  put(item: T, isEvent?: boolean): void;
  remove(key: string): void;
  /** Forgets everything, also a page that is on its way. */
  clear(): void;
}

export interface LiveListOptions<T> {
  key(item: T): string;
  /** Order in which items are shown. */
  compare(a: T, b: T): number;
  /** Whether `item` was true before `shown` was: an answer may come after events that are newer than it. */
  isStale?(item: T, shown: T): boolean;
  fetchPage(cursor: string | null): Promise<{ readonly items: readonly T[]; readonly next: string | null }>;
}

export function createLiveList<T>({ key, compare, isStale, fetchPage }: LiveListOptions<T>): LiveList<T> {
  const list = signal<Listing<T>>({ state: 'loading', items: [] });
  let next: string | null = null;
  /** Put or removed while a page was on its way: newer than what the page says. */
  let touched = new Map<string, T | null>();
  /** Times that it was cleared. */
  let life = 0;

  const merged = (old: readonly T[], fresh: readonly T[]) => {
    const byKey = new Map([...old, ...fresh].map((item) => [key(item), item]));
    for (const [itemKey, item] of touched) {
      if (item === null) byKey.delete(itemKey);
      else byKey.set(itemKey, item);
    }
    return [...byKey.values()].sort(compare);
  };

  async function fetchInto(old: readonly T[], cursor: string | null): Promise<void> {
    touched = new Map();
    const began = life;
    try {
      const page = await fetchPage(cursor);
      if (began !== life) return;
      next = page.next;
      list.value = { state: 'ready', items: merged(old, page.items), hasMore: next !== null };
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      if (began !== life) return;
      list.value = { state: 'failed', items: list.value.items, error };
    }
  }

  const show = (items: readonly T[]) => {
    list.value = { ...list.value, items };
  };

  return {
    list,
    reload: () => fetchInto([], null),
    loadMore: () => (next === null ? Promise.resolve() : fetchInto(list.value.items, next)),
    put(item, isEvent = false) {
      const shown = list.value.items.find((other) => key(other) === key(item));
      if (shown && !isEvent && isStale?.(item, shown)) return;
      touched.set(key(item), item);
      show([...list.value.items.filter((other) => key(other) !== key(item)), item].sort(compare));
    },
    remove(itemKey) {
      touched.set(itemKey, null);
      show(list.value.items.filter((other) => key(other) !== itemKey));
    },
    clear() {
      life += 1;
      next = null;
      touched = new Map();
      list.value = { state: 'loading', items: [] };
    },
  };
}
