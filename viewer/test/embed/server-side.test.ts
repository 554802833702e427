/** Where a server makes pages, there are no elements. */
import { expect, test } from 'vitest';

test('the element and the remote view can be imported where there is no page', async () => {
  expect(globalThis.customElements).toBeUndefined();
  expect(await import('../../src/embed/kiln-preview.ts')).toHaveProperty('KilnPreviewElement');
  expect(await import('../../src/sdk/remote-view.ts')).toHaveProperty('openRemoteView');
});

test('a script that came from a file knows no farm', async () => {
  const { SCRIPT_ORIGIN } = await import('../../src/live/script-origin.ts');
  expect(SCRIPT_ORIGIN).toBe('');
});
