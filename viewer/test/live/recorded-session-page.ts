/** Runs in the browser: a live view that a recorded session is replayed to, and pictures side by side. */
import type { LiveView } from '@kiln/shared';
import { LiveViewport } from '../../src/live/live-viewport.ts';
import type { PictureMeasure } from '../../src/live/measurements.ts';
import { dissimilarity } from './dissimilarity.ts';
import { mostApart } from './most-apart.ts';

export interface Likeness {
  /** 1 − the mean structural similarity. */
  readonly dissimilarity: number;
  /** That any channel of any pixel is apart, 0 to 255. */
  readonly most: number;
}

declare global {
  interface Window {
    replay?: {
      readonly measures: readonly PictureMeasure[];
      /** PNGs as base64: of what is on the canvas, and of the picture as it was sent. */
      canvas(): Promise<string>;
      picture(): Promise<string>;
    };
    openReplay?: (sceneId: string, look: Omit<LiveView, 'size' | 'frameNumber'>) => void;
    likeness?: (one: string, other: string) => Promise<Likeness>;
  }
}

window.openReplay = (sceneId, look) => {
  const host = document.createElement('div');
  host.style.cssText = 'width: 288px; height: 162px';
  document.body.append(host);
  const viewport = new LiveViewport(host, { sceneId, look, aspect: 16 / 9 });
  const measures: PictureMeasure[] = [];
  viewport.on('measure', (measure) => measures.push(measure));
  const canvas = async () => {
    const blob = await new Promise<Blob | null>((resolve) => viewport.canvas.toBlob(resolve));
    if (!blob) throw new Error('the canvas gives no PNG');
    return base64(blob);
  };
  window.replay = { measures, canvas, picture: async () => base64(await viewport.toBlob()) };
  viewport.open();
};

window.likeness = async (one, other) => {
  const [a, b] = await Promise.all([pixelsOf(one), pixelsOf(other)]);
  if (a.width !== b.width || a.height !== b.height) return { dissimilarity: 1, most: 255 };
  return { dissimilarity: dissimilarity(a, b), most: mostApart(a.data, b.data) };
};

async function base64(blob: Blob): Promise<string> {
  return btoa(Array.from(new Uint8Array(await blob.arrayBuffer()), (byte) => String.fromCharCode(byte)).join(''));
}

async function pixelsOf(png: string): Promise<ImageData> {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: 'none' });
  const copy = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  if (!copy) throw new Error('no canvas');
  copy.drawImage(bitmap, 0, 0);
  return copy.getImageData(0, 0, bitmap.width, bitmap.height);
}
