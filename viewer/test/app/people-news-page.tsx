/** Runs in the browser: what is said of people, and what a screen reader would hear of it. */
import { render } from 'preact';
import { News } from '../../src/app/scene/people-notice.tsx';
import type { Audience } from '../../src/live/session-role.ts';

declare global {
  interface Window {
    /** Shows these, one after the other; answers what was added to the region meanwhile. */
    heardOf?: (audiences: readonly (Audience | null)[]) => Promise<string[]>;
  }
}

const place = document.createElement('main');
document.body.append(place);
render(<News audience={null} />, place);

const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50)));

window.heardOf = async (audiences) => {
  const heard: string[] = [];
  const region = place.querySelector('[aria-live]');
  if (!region) throw new Error('there is no live region');
  const observer = new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) heard.push(node.textContent ?? '');
  });
  observer.observe(region, { childList: true, subtree: true, characterData: true });
  for (const audience of audiences) {
    render(<News audience={audience} />, place);
    await painted();
  }
  observer.disconnect();
  return heard;
};
