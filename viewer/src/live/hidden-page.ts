/** A page that nobody looks at gives its session back: somebody else's waits for it. */
const HIDDEN_MS = 60_000;

/** @returns what ends it. */
export function watchPage(events: { readonly left: () => void; readonly seen: () => void }): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const stop = () => {
    if (timer) clearTimeout(timer);
    timer = null;
  };
  const listener = () => {
    stop();
    if (document.hidden) timer = setTimeout(events.left, HIDDEN_MS);
    else events.seen();
  };
  document.addEventListener('visibilitychange', listener);
  return () => {
    stop();
    document.removeEventListener('visibilitychange', listener);
  };
}
