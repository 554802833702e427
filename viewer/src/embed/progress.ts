/** How far a view is from its first picture, as it is told and shown. */
import type { LiveState } from '../live/session-state.ts';

/** Whatever is not there yet is so far at the least. */
const PROGRESS = { connecting: 0.05, 'finding-worker': 0.15, loading: 0.2, live: 0.9 };

/** 0 to 1; null: it is as far as it was. */
export function progressOf(state: LiveState): number | null {
  if (state.phase === 'live' && state.painted) return 1;
  const least = state.phase in PROGRESS ? PROGRESS[state.phase as keyof typeof PROGRESS] : null;
  const loading = state.phase === 'loading' ? 0.7 * (state.progress ?? 0) : 0;
  return least === null ? null : least + loading;
}

/** @param progress 0 to 1. */
export function showProgress(bar: HTMLElement, progress: number): void {
  bar.style.transform = `scaleX(${progress})`;
  bar.setAttribute('aria-valuenow', String(Math.round(progress * 100)));
  bar.classList.toggle('gone', progress === 1);
}
