/** What the attribute `stats` shows: what the last pictures cost, and where on their way. */
import { HUD_REFRESH_MS, hudRows } from '../live/hud-rows.ts';
import type { LiveFigures } from '../live/measurements.ts';

export class Stats {
  readonly #list: HTMLElement;
  readonly #figures: () => LiveFigures | null;
  #timer: ReturnType<typeof setInterval> | null = null;

  /** @param figures null before the first picture. */
  constructor(list: HTMLElement, figures: () => LiveFigures | null) {
    this.#list = list;
    this.#figures = figures;
  }

  set shown(isShown: boolean) {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = isShown ? setInterval(() => this.#write(), HUD_REFRESH_MS) : null;
    this.#list.hidden = !isShown;
    if (isShown) this.#write();
  }

  #write(): void {
    const rows = hudRows(this.#figures()).map(({ name, value, share }) => {
      const row = document.createElement('div');
      const term = document.createElement('dt');
      const detail = document.createElement('dd');
      term.textContent = name;
      detail.textContent = value;
      row.append(term, detail);
      if (share !== undefined) {
        row.className = 'stage-row';
        row.style.setProperty('--share', String(share));
      }
      return row;
    });
    this.#list.replaceChildren(...rows);
  }
}
