/**
 * What one view on a page of another site keeps of its session: nothing that a second view, or tab, would find. A page that is
 * loaded again finds what was left for it, once.
 */
import { createResumeStore, isTicketKey, type KeyValueStorage, type ResumeStore } from './resume-store.ts';

const PREFIX = 'kiln.reload.';

interface MemoryStore extends ResumeStore {
  /** To be called when the page goes: leaves a session that goes on to the same page, should it be loaded again in this tab. */
  keepForReload(): void;
}

/** @param storage of the tab; a page in a frame may be forbidden to have one, which costs it the resumption alone. */
export function createMemoryStore(storage: () => KeyValueStorage = () => sessionStorage): MemoryStore {
  const kept = new Map<string, string>();
  const tried = <T>(work: (storage: KeyValueStorage) => T): T | null => {
    try {
      return work(storage());
    } catch {
      return null;
    }
  };
  /** Taken away as it is read: a copy of the tab, or a second view of the scene, has none of it. */
  const left = (key: string): string | null =>
    tried((tab) => {
      const value = tab.getItem(PREFIX + key);
      if (value !== null) tab.removeItem(PREFIX + key);
      return value;
    });
  const store = createResumeStore({
    getItem(key) {
      const value = left(key);
      if (value !== null && !kept.has(key)) kept.set(key, value);
      return kept.get(key) ?? null;
    },
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  });
  return {
    ...store,
    keepForReload() {
      if (![...kept.keys()].some(isTicketKey)) return;
      tried((tab) => {
        for (const [key, value] of kept) tab.setItem(PREFIX + key, value);
      });
    },
  };
}
