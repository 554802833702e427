import { ENVIRONMENT_NAMES } from '@kiln/shared';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { greyCard } from './lit-scenes.ts';
import { decode } from './pixels.ts';
import { TestPage } from './test-page.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

it.each(ENVIRONMENT_NAMES.filter((name) => name !== 'none'))(
  '%s lights a card, without burning it out',
  async (name) => {
    const { sceneHash } = await page.load({ 'scene.glb': greyCard() });
    const { result, bytes } = await page.frame(sceneHash, {
      camera: { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 5 },
      environment: name,
    });
    expect(result.statistics?.nanCount).toBe(0);
    const [red = 0, green = 0, blue = 0] = (await decode(bytes)).middle;
    expect(Math.max(red, green, blue)).toBeGreaterThan(40);
    expect(Math.min(red, green, blue)).toBeLessThan(250);
  },
);
