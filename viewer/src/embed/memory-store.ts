/** What one element on a page of another site keeps of its session: nothing that a second element, or tab, would find. */
import { createResumeStore, type ResumeStore } from '../live/resume-store.ts';

export function createMemoryStore(): ResumeStore {
  const kept = new Map<string, string>();
  return createResumeStore({
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  });
}
