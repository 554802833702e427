/** What one view on a page of another site keeps of its session: nothing that a second view, or tab, would find. */
import { createResumeStore, type ResumeStore } from './resume-store.ts';

export function createMemoryStore(): ResumeStore {
  const kept = new Map<string, string>();
  return createResumeStore({
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  });
}
