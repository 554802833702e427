/** What is shown until there is a picture; where the view waits to be asked for, with a button over it. */
import type { PreviewParts } from './template.ts';

interface PosterState {
  /** Of the picture; null: none, or what the page has put in the slot. */
  readonly url: string | null;
  /** What is seen, for who does not see it; may be empty. */
  readonly alt: string;
  /** Whether it waits for a click. */
  readonly isButton: boolean;
  readonly isGone: boolean;
}

export function showPoster(
  { poster, picture, button }: PreviewParts,
  { url, alt, isButton, isGone }: PosterState,
): void {
  picture.hidden = url === null;
  if (url !== null && picture.getAttribute('src') !== url) picture.src = url;
  // The button says it.
  picture.alt = isButton ? '' : alt;
  button.hidden = !isButton;
  button.setAttribute('aria-label', `Show in 3D: ${alt || 'the scene'}`);
  poster.classList.toggle('gone', isGone);
}
