/** Runs in the browser: an element on a page of the farm's own. */
import { KilnPreviewElement } from '../../src/embed/kiln-preview.ts';

declare global {
  interface Window {
    heard?: string[];
  }
}

const heard: string[] = [];
window.heard = heard;
for (const type of ['load', 'error', 'poster-dismissed']) {
  document.addEventListener(type, ({ target }) => target instanceof KilnPreviewElement && heard.push(type), true);
}
