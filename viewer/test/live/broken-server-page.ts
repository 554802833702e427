/** Runs in the browser: a live view, and how much of what it takes it has given back. */
import type { LiveView } from '@kiln/shared';
import { LiveViewport } from '../../src/live/live-viewport.ts';
import type { PictureMeasure } from '../../src/live/measurements.ts';
import type { LiveState } from '../../src/live/session-state.ts';

export interface Taken {
  /** Bitmaps and frames that were made and not closed. */
  readonly images: number;
  readonly textures: number;
  readonly urls: number;
}

export interface BrokenServerPage {
  readonly viewport: LiveViewport;
  readonly states: LiveState[];
  readonly notices: string[];
  readonly measures: PictureMeasure[];
  taken(): Taken;
  /** In the middle of the canvas, 0 to 255. */
  middle(): readonly number[];
}

declare global {
  interface Window {
    live?: BrokenServerPage;
    openLive?: (sceneId: string, look: Omit<LiveView, 'size' | 'frameNumber'>) => void;
  }
}

const counts = { images: 0, textures: 0, urls: 0 };

const makesBitmap = window.createImageBitmap.bind(window) as (...args: unknown[]) => Promise<ImageBitmap>;
window.createImageBitmap = async (...args: unknown[]) => {
  const bitmap = await makesBitmap(...args);
  counts.images += 1;
  return bitmap;
};
countCalls(ImageBitmap.prototype, 'close', () => {
  counts.images -= 1;
});
countCalls(WebGL2RenderingContext.prototype, 'createTexture', () => {
  counts.textures += 1;
});
countCalls(WebGL2RenderingContext.prototype, 'deleteTexture', () => {
  counts.textures -= 1;
});
countCalls(URL, 'createObjectURL', () => {
  counts.urls += 1;
});
countCalls(URL, 'revokeObjectURL', () => {
  counts.urls -= 1;
});

function countCalls(owner: object, name: string, count: () => void): void {
  const call: unknown = Reflect.get(owner, name);
  if (typeof call !== 'function') throw new Error(`no ${name}`);
  Reflect.set(owner, name, function counted(this: unknown, ...args: unknown[]): unknown {
    count();
    return Reflect.apply(call, this, args);
  });
}

window.openLive = (sceneId, look) => {
  const host = document.createElement('div');
  host.style.cssText = 'width: 320px; height: 180px';
  document.body.append(host);
  const viewport = new LiveViewport(host, { sceneId, look, aspect: 16 / 9 });
  const [states, notices, measures]: [LiveState[], string[], PictureMeasure[]] = [[], [], []];
  viewport.on('state', (state) => states.push(state));
  viewport.on('notice', ({ message }) => notices.push(message));
  viewport.on('measure', (measure) => measures.push(measure));
  const middle = () => {
    const copy = new OffscreenCanvas(1, 1).getContext('2d');
    const { canvas } = viewport;
    copy?.drawImage(canvas, canvas.width / 2, canvas.height / 2, 1, 1, 0, 0, 1, 1);
    return [...(copy?.getImageData(0, 0, 1, 1).data ?? [])].slice(0, 3);
  };
  window.live = { viewport, states, notices, measures, taken: () => ({ ...counts }), middle };
  viewport.open();
};
