/** A finger on a view that leaves scrolling to the page: until it goes sideways it may be about to scroll. */

/** CSS pixels after which browsers, too, take a finger for one that means to go somewhere. */
const STILL_PX = 10;

/**
 * Tells before whoever else hears of the same event.
 *
 * @param scrolls whether the page scrolls by a finger that goes up or down.
 * @returns what takes the listeners away.
 */
export function holdFinger(element: HTMLElement, scrolls: () => boolean, hold: (isHeld: boolean) => void): () => void {
  const down = new Set<number>();
  let begun: Pick<PointerEvent, 'clientX' | 'clientY'> | null = null;
  const become = (next: typeof begun) => {
    begun = next;
    hold(next !== null);
  };
  const onDown = (event: PointerEvent) => {
    if (event.pointerType !== 'touch') return;
    down.add(event.pointerId);
    become(down.size === 1 && scrolls() ? event : null);
  };
  const onMove = ({ clientX, clientY }: PointerEvent) => {
    if (!begun) return;
    const [x, y] = [Math.abs(clientX - begun.clientX), Math.abs(clientY - begun.clientY)];
    if (x > y && x > STILL_PX) become(null);
  };
  const onUp = ({ pointerId }: PointerEvent) => {
    if (down.delete(pointerId)) become(null);
  };
  element.addEventListener('pointerdown', onDown, { capture: true });
  element.addEventListener('pointermove', onMove);
  for (const name of ['pointerup', 'pointercancel'] as const) element.addEventListener(name, onUp);
  return () => {
    element.removeEventListener('pointerdown', onDown, { capture: true });
    element.removeEventListener('pointermove', onMove);
    for (const name of ['pointerup', 'pointercancel'] as const) element.removeEventListener(name, onUp);
  };
}
