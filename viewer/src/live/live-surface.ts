/** The element that a live view draws on: its size, its focus, and what tests read from it. */
import type { Size } from '@kiln/shared';
import { VIEWER_LIMITS } from '../limits.ts';
import { liveSize } from './letterbox.ts';
import type { PictureMeasure } from './measurements.ts';
import type { LiveState } from './session-state.ts';
import type { Timers } from './timers.ts';
import { MEASURE_EVENT } from './viewport-types.ts';

export interface LiveSurface {
  readonly canvas: HTMLCanvasElement;
  /** CSS pixels of the area. */
  area(): { readonly widthPx: number; readonly heightPx: number };
  /** The size to ask live pictures for. */
  pictureSize(aspect: number): Size;
  /**
   * To be called on every display frame: a window that goes to another display keeps its size in CSS pixels, which is all
   * that a ResizeObserver sees.
   */
  displayFrame(): void;
  show(state: LiveState): void;
  painted(measure: PictureMeasure): void;
  dispose(): void;
}

export interface LiveSurfaceEvents {
  /** At once, for painting. */
  resized(widthPx: number, heightPx: number, pixelRatio: number): void;
  /** When the size has come to rest, for asking for pictures of it. */
  rested(): void;
}

export function createLiveSurface(host: HTMLElement, events: LiveSurfaceEvents, timers: Timers): LiveSurface {
  const canvas = document.createElement('canvas');
  canvas.dataset.testid = 'live-canvas';
  canvas.dataset.state = 'connecting';
  canvas.tabIndex = 0;
  canvas.setAttribute('role', 'application');
  canvas.setAttribute('aria-roledescription', '3D view');
  canvas.setAttribute(
    'aria-label',
    'Live view of the scene. Arrow keys turn it, Shift with arrow keys moves it, plus and minus zoom, F fits the scene.',
  );
  host.append(canvas);

  const area = () => ({ widthPx: Math.max(1, host.clientWidth), heightPx: Math.max(1, host.clientHeight) });
  let cancelRest = () => {};
  let pixelRatio = devicePixelRatio;
  const resize = () => {
    const { widthPx, heightPx } = area();
    pixelRatio = devicePixelRatio;
    events.resized(widthPx, heightPx, pixelRatio);
    cancelRest();
    cancelRest = timers.after(VIEWER_LIMITS.resizeRestMs, () => events.rested());
  };
  const observer = new ResizeObserver(resize);
  observer.observe(host);

  return {
    canvas,
    area,
    pictureSize(aspect) {
      const { widthPx, heightPx } = area();
      return liveSize(widthPx, heightPx, devicePixelRatio, aspect);
    },
    displayFrame() {
      if (devicePixelRatio !== pixelRatio) resize();
    },
    show(state) {
      canvas.dataset.state = state.phase === 'live' && !state.painted ? 'loading' : state.phase;
    },
    painted(measure) {
      const { dataset } = canvas;
      dataset.picture = String(measure.sequence);
      dataset.input = String(measure.input);
      dataset.final = String(measure.final);
      dataset.size = `${measure.widthPx}x${measure.heightPx}`;
      canvas.dispatchEvent(new CustomEvent(MEASURE_EVENT, { bubbles: true, detail: measure }));
    },
    dispose() {
      observer.disconnect();
      cancelRest();
      canvas.remove();
    },
  };
}
