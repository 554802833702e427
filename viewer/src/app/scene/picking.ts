/** What the person has clicked on in the live view: asked of the farm, and kept until something else is. */
import type { PickedSurface } from '@kiln/shared';
import { type ReadonlySignal, signal } from '@preact/signals';
import type { LiveViewport } from '../../live/live-viewport.ts';
import { listenToTaps } from '../../live/taps.ts';

export interface Picking {
  /** Null: nothing. */
  readonly picked: ReadonlySignal<PickedSurface | null>;
  clear(): void;
  /** Opens what can be changed of it, wherever that is, with the keyboard there. */
  show(): void;
  /** Whether `show` was called since this was asked last. */
  takeFocus(): boolean;
  /** Asks at each click on the view, and at its middle where Enter is pressed. @returns what ends it. */
  watch(view: LiveViewport): () => void;
}

/** @param tellFault why it is not known what is there. */
export function createPicking(tellFault: (message: string) => void): Picking {
  const picked = signal<PickedSurface | null>(null);
  /** Only the answer to the last click counts. */
  let clicks = 0;

  let isShown = false;

  function clear(): void {
    clicks++;
    picked.value = null;
  }

  async function ask(view: LiveViewport, clientX: number, clientY: number): Promise<void> {
    const click = ++clicks;
    try {
      const surface = await view.pick(clientX, clientY);
      if (click === clicks) picked.value = surface;
    } catch (error) {
      if (click === clicks) tellFault(`What is there is not known: ${error instanceof Error ? error.message : error}`);
    }
  }

  return {
    picked,
    clear,
    show() {
      if (!picked.value) return;
      isShown = true;
      picked.value = { ...picked.value };
    },
    takeFocus() {
      const takes = isShown;
      isShown = false;
      return takes;
    },
    watch(view) {
      const { canvas } = view;
      const leaveTaps = listenToTaps(canvas, (...at) => void ask(view, ...at));
      const onKey = ({ key, repeat, ctrlKey, metaKey, altKey }: KeyboardEvent) => {
        if (key !== 'Enter' || repeat || ctrlKey || metaKey || altKey) return;
        const { left, top, width, height } = canvas.getBoundingClientRect();
        void ask(view, left + width / 2, top + height / 2);
      };
      canvas.addEventListener('keydown', onKey);
      return () => {
        leaveTaps();
        canvas.removeEventListener('keydown', onKey);
        clear();
      };
    },
  };
}
