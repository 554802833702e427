/** A page that nobody looks at gives its session back: somebody else's waits for it. One that others are in only loses a viewer. */
const HIDDEN_MS = 60_000;

/**
 * @param events `left` is told when nobody has looked for a while, and at once, with `isGone`, when the page is gone: it may be
 *   loaded again.
 * @returns what ends it.
 */
export function watchPage(events: { readonly left: (isGone: boolean) => void; readonly seen: () => void }): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const stop = () => {
    if (timer) clearTimeout(timer);
    timer = null;
  };
  const listener = () => {
    stop();
    if (document.hidden) timer = setTimeout(() => events.left(false), HIDDEN_MS);
    else events.seen();
  };
  const gone = () => {
    stop();
    events.left(true);
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
