import { KilnError } from '@kiln/shared';
import { expect, it } from 'vitest';
import { refusalOf, refuse } from '../../src/page/import/refuse.ts';

it('refuses for good what is wrong with a scene, and not what another try may mend', () => {
  expect(refusalOf(refuse('scene.invalid', 'no scene', '/scenes'))).toEqual({
    code: 'scene.invalid',
    message: 'no scene',
    pointer: '/scenes',
  });
  expect(refusalOf(new KilnError('scene.import_failed', 'a file could not be read'))).toBeNull();
  expect(refusalOf(new KilnError('render.page_lost', 'crashed'))).toBeNull();
});
