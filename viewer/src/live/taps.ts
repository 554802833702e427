/** Clicks and taps on a view that the hand also turns: a press that goes nowhere, by one finger or the first button. */

/** CSS pixels that a finger or a hand on a mouse moves without meaning to. */
const STILL_PX = 5;

/** @param onTap with the place as events of the mouse have it. @returns what takes the listeners away. */
export function listenToTaps(element: HTMLElement, onTap: (clientX: number, clientY: number) => void): () => void {
  const down = new Set<number>();
  let begun: { readonly id: number; readonly x: number; readonly y: number } | null = null;
  const onDown = ({ pointerId, button, clientX, clientY }: PointerEvent) => {
    down.add(pointerId);
    begun = button === 0 && down.size === 1 ? { id: pointerId, x: clientX, y: clientY } : null;
  };
  const onMove = ({ pointerId, clientX, clientY }: PointerEvent) => {
    if (begun?.id === pointerId && Math.hypot(clientX - begun.x, clientY - begun.y) > STILL_PX) begun = null;
  };
  const onUp = ({ pointerId, target }: PointerEvent) => {
    down.delete(pointerId);
    const tap = begun?.id === pointerId && target === element ? begun : null;
    begun = null;
    if (tap) onTap(tap.x, tap.y);
  };
  const onCancel = ({ pointerId }: PointerEvent) => {
    down.delete(pointerId);
    begun = null;
  };
  element.addEventListener('pointerdown', onDown);
  // Wherever the hand goes meanwhile.
  addEventListener('pointermove', onMove);
  addEventListener('pointerup', onUp);
  addEventListener('pointercancel', onCancel);
  return () => {
    element.removeEventListener('pointerdown', onDown);
    removeEventListener('pointermove', onMove);
    removeEventListener('pointerup', onUp);
    removeEventListener('pointercancel', onCancel);
  };
}
