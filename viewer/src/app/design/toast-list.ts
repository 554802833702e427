/** Which short messages are on the screen. */
import { VIEWER_LIMITS } from '../../limits.ts';

export interface Toast {
  readonly id: number;
  readonly text: string;
}

/** What is said again takes the place of what it repeats; of too many, those that came first go. */
export const withToast = (toasts: readonly Toast[], next: Toast): readonly Toast[] =>
  [...toasts.filter(({ text }) => text !== next.text), next].slice(-VIEWER_LIMITS.toasts);
