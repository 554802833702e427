/** Dark or light: what the system says, or what the person chose. */
import { type ReadonlySignal, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'kiln.theme';
const ORDER: readonly Theme[] = ['system', 'light', 'dark'];

export interface ThemeChoice {
  readonly theme: ReadonlySignal<Theme>;
  /** System, light, dark, and round again. */
  next(): void;
}

export function createThemeChoice(): ThemeChoice {
  const theme = signal<Theme>(read());
  const apply = () => {
    if (theme.value === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  };
  apply();
  return {
    theme,
    next() {
      theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length] ?? 'system';
      apply();
      try {
        localStorage.setItem(KEY, theme.value);
      } catch {
        // It holds until the page is closed.
      }
    },
  };
}

function read(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return ORDER.find((theme) => theme === kept) ?? 'system';
  } catch {
    return 'system';
  }
}
