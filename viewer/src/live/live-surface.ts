/** The element that a live view draws on: its size, its focus, and what tests read from it. */
import type { Size } from '@kiln/shared';
import { VIEWER_LIMITS } from '../limits.ts';
import { liveSize } from './letterbox.ts';
import type { PictureMeasure } from './measurements.ts';
import type { Gestures } from './pose-source.ts';
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
  /** Of the keys that the view takes, for who does not see it; null: none, and it is a picture, unless the page takes some. */
  explainKeys(gestures: Gestures | null): void;
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

/** What the view is called unless the page says it. */
export const VIEW_LABEL = 'Live view of the scene';

/**
 * @param host the canvas is put into it, and fills it.
 * @param isKeyStop whether the page takes keys of its own there: it is a stop of the Tab key even while it takes none itself.
 */
export function createLiveSurface(
  {
    canvas,
    host,
    isKeyStop,
  }: { readonly canvas: HTMLCanvasElement; readonly host: HTMLElement; readonly isKeyStop: boolean },
  events: LiveSurfaceEvents,
  timers: Timers,
): LiveSurface {
  canvas.dataset.testid = 'live-canvas';
  canvas.dataset.state = 'connecting';
  canvas.setAttribute('aria-roledescription', '3D view');
  canvas.setAttribute('aria-label', VIEW_LABEL);
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
    explainKeys: (gestures) => explainKeys(canvas, gestures, isKeyStop),
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

/** A picture is no stop of the Tab key, but a page may give it the focus. */
function explainKeys(canvas: HTMLCanvasElement, gestures: Gestures | null, isKeyStop: boolean): void {
  const isStop = isKeyStop || gestures !== null;
  canvas.tabIndex = isStop ? 0 : -1;
  canvas.setAttribute('role', isStop ? 'application' : 'img');
  if (gestures) canvas.setAttribute('aria-description', keysOf(gestures));
  else canvas.removeAttribute('aria-description');
}

/** As `listenToKeys` takes them. */
function keysOf({ zooms, pans }: Gestures): string {
  const shifts = pans ? ', Shift with arrow keys moves it' : '';
  return `Arrow keys turn it${shifts}${zooms ? ', plus and minus zoom, F fits the scene' : ''}.`;
}
