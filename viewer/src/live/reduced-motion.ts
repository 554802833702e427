/** Whether people asked for less motion: told at once, and at each change. @returns what ends it. */
export function watchReducedMotion(tell: (isReduced: boolean) => void): () => void {
  const query = matchMedia('(prefers-reduced-motion: reduce)');
  const settle = () => tell(query.matches);
  settle();
  query.addEventListener('change', settle);
  return () => query.removeEventListener('change', settle);
}
