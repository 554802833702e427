/** Keys of the view while it has the focus: arrows turn, with Shift they shift; + and − zoom; F fits the scene, which zooms too. */
import type { PoseSource } from './pose-source.ts';

/** @returns what takes the listener away. */
export function listenToKeys(
  element: HTMLElement,
  source: PoseSource,
  onUserMove: () => void,
  isHandOn: () => boolean,
): () => void {
  const actions: Readonly<Record<string, (shift: boolean) => void>> = {
    ArrowLeft: (shift) => (shift ? source.shift(-1, 0) : source.turn(-1, 0)),
    ArrowRight: (shift) => (shift ? source.shift(1, 0) : source.turn(1, 0)),
    ArrowUp: (shift) => (shift ? source.shift(0, 1) : source.turn(0, 1)),
    ArrowDown: (shift) => (shift ? source.shift(0, -1) : source.turn(0, -1)),
    '+': () => source.zoom(1),
    '=': () => source.zoom(1),
    '-': () => source.zoom(-1),
    f: () => source.fit(),
    F: () => source.fit(),
  };
  const listener = (event: KeyboardEvent) => {
    const action = actions[event.key];
    if (!action || !isHandOn() || event.ctrlKey || event.metaKey || event.altKey) return;
    const { zooms, pans } = source.gestures;
    if (event.key.startsWith('Arrow') ? event.shiftKey && !pans : !zooms) return;
    event.preventDefault();
    action(event.shiftKey);
    onUserMove();
  };
  element.addEventListener('keydown', listener);
  return () => element.removeEventListener('keydown', listener);
}
