import { expect, it } from 'vitest';
import { type Toast, withToast } from '../../src/app/design/toast-list.ts';
import { VIEWER_LIMITS } from '../../src/limits.ts';

const shown = (...texts: readonly string[]) =>
  texts.reduce<readonly Toast[]>((toasts, text, id) => withToast(toasts, { id, text }), []).map(({ text }) => text);

it('a message that comes again is shown once, as the newest', () => {
  expect(shown('a', 'b', 'a')).toEqual(['b', 'a']);
});

it('of more messages than the screen takes the newest are shown', () => {
  const texts = Array.from({ length: 100 }, (_, i) => String(i));
  expect(shown(...texts)).toEqual(texts.slice(-VIEWER_LIMITS.toasts));
});
