/** A page that nobody looks at gives its session back: somebody else's waits for it. */
const HIDDEN_MS = 60_000;

/**
 * @param events `left` is told when nobody has looked for a while, and at once when the page is gone: one that is loaded again has a
 *   session of its own.
 * @returns what ends it.
 */
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
  const gone = () => {
    stop();
    events.left();
  };
  document.addEventListener('visibilitychange', listener);
  addEventListener('pagehide', gone);
  // As it was, when somebody goes back to it.
  addEventListener('pageshow', listener);
  return () => {
    stop();
    document.removeEventListener('visibilitychange', listener);
    removeEventListener('pagehide', gone);
    removeEventListener('pageshow', listener);
  };
}
