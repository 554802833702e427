/** What is inside the element: the picture, the poster over it, one line that says what is the matter, and figures. */

const STYLE = `
:host { display: block; position: relative; width: 300px; height: 150px; overflow: hidden; contain: content; }
:host([hidden]) { display: none; }
.stage, .stage canvas, .poster, .poster img, .poster ::slotted(*) { position: absolute; inset: 0; width: 100%; height: 100%; }
.stage canvas { display: block; outline-offset: -3px; }
.stage canvas[aria-description] { cursor: grab; }
.stage canvas[aria-description]:active { cursor: grabbing; }
.poster { transition: opacity 0.3s, visibility 0.3s; background: var(--poster-color, transparent); text-align: center; pointer-events: none; }
.poster img, .poster ::slotted(img) { object-fit: contain; }
.poster.gone { opacity: 0; visibility: hidden; }
.poster button { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; padding: 0; background: none; cursor: pointer; pointer-events: auto; }
.poster button:focus-visible { outline: 3px solid currentColor; outline-offset: -3px; }
.bar { position: absolute; left: 0; right: 0; bottom: 0; height: 3px; transform-origin: 0 50%; background: var(--progress-bar-color, rgb(128 128 128 / 0.6)); transition: transform 0.2s, opacity 0.3s, visibility 0.3s; pointer-events: none; }
.bar.gone { opacity: 0; visibility: hidden; }
.note { position: absolute; left: 50%; bottom: 12px; transform: translateX(-50%); width: max-content; max-width: calc(100% - 24px); box-sizing: border-box; padding: 6px 12px; border-radius: 6px; font: 13px/1.4 system-ui, sans-serif; color: #fff; background: rgb(20 20 20 / 0.82); }
.note:empty { display: none; }
.stats { position: absolute; left: 10px; top: 10px; display: grid; gap: 1px; margin: 0; min-width: 11.5em; padding: 8px 12px 9px; border-radius: 8px; font: 11px/1.55 ui-monospace, Menlo, Consolas, monospace; font-variant-numeric: tabular-nums; color: #fff; background: rgb(20 20 20 / 0.78); pointer-events: none; }
.stats[hidden] { display: none; }
.stats div { display: flex; justify-content: space-between; gap: 16px; }
.stats dt { color: #c9c9c9; }
.stats dd { margin: 0; }
.stats .stage-row { padding-left: 8px; background: linear-gradient(rgb(255 255 255 / 0.6) 0 0) 8px 100% / calc((100% - 8px) * var(--share)) 1px no-repeat; }
@media (prefers-reduced-motion: reduce) { .poster, .bar { transition: none; } }
`;

export interface PreviewParts {
  readonly stage: HTMLElement;
  readonly poster: HTMLElement;
  readonly picture: HTMLImageElement;
  /** Over the poster. */
  readonly button: HTMLButtonElement;
  readonly bar: HTMLElement;
  readonly note: HTMLElement;
  readonly stats: HTMLElement;
}

/** Put together by hand: a page's content policy may forbid styles in markup, and markup from text. */
export function fillRoot(root: ShadowRoot): PreviewParts {
  giveStyle(root);
  const stage = part('div', 'stage');
  const poster = part('div', 'poster');
  const button = part('button', 'poster-button');
  const slot = document.createElement('slot');
  const picture = document.createElement('img');
  const bar = part('div', 'bar');
  const note = part('div', 'note');
  const stats = part('dl', 'stats');
  stats.hidden = true;
  slot.name = 'poster';
  picture.alt = '';
  picture.hidden = true;
  button.type = 'button';
  button.hidden = true;
  bar.classList.add('gone');
  bar.setAttribute('role', 'progressbar');
  bar.setAttribute('aria-label', 'Loading');
  note.setAttribute('role', 'status');
  slot.append(picture);
  poster.append(slot, button);
  root.append(stage, poster, bar, note, stats);
  return { stage, poster, picture, button, bar, note, stats };
}

/** To be called again in every other document: none takes a sheet of another one. */
export function giveStyle(root: ShadowRoot): void {
  const sheet = new (root.ownerDocument.defaultView ?? window).CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
}

function part<K extends 'div' | 'button' | 'dl'>(tag: K, name: string): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = name;
  element.setAttribute('part', name);
  return element;
}
