/** The live view moves with the hand, whenever pictures come. */
import type { Pose } from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import { letterbox } from '../src/live/letterbox.ts';
import { HANGS_MS, test, useApp } from './app-fixture.ts';
import { trace } from './fake-farm/traced-scene.ts';
import { dissimilarity } from './live/dissimilarity.ts';

const CANVAS = test('live-canvas');
const SIZE = { widthPx: 320, heightPx: 180 };

describe('the live view', () => {
  const app = useApp();

  /** What the canvas shows, in a small size. */
  async function shown() {
    const { width, height } = await app.page.$eval(CANVAS, (element) => {
      const { width, height } = element as HTMLCanvasElement;
      return { width, height };
    });
    const box = letterbox(width, height, 16 / 9);
    const { widthPx, heightPx } = SIZE;
    const data = await app.page.$eval(
      CANVAS,
      (element, { x, y, width, height }, columns, rows) => {
        const copy = new OffscreenCanvas(columns, rows).getContext('2d');
        if (!copy) throw new Error('no canvas');
        copy.drawImage(element as HTMLCanvasElement, x, y, width, height, 0, 0, columns, rows);
        return [...copy.getImageData(0, 0, columns, rows).data];
      },
      box,
      widthPx,
      heightPx,
    );
    return { data, width: widthPx, height: heightPx };
  }

  function truth(pose: Pose) {
    const { rgb } = trace(pose, SIZE, 0, 0);
    const data = Array.from({ length: (rgb.length / 3) * 4 }, (_, i) =>
      i % 4 === 3 ? 255 : (rgb[(i >> 2) * 3 + (i % 4)] ?? 0),
    );
    return { data, width: SIZE.widthPx, height: SIZE.heightPx };
  }

  const lastPose = () => app.farm.live.messages.filter((message) => message.type === 'pose').at(-1);

  async function drag(right: number, up: number): Promise<void> {
    const canvas = await app.page.waitForSelector(CANVAS);
    const box = await canvas?.boundingBox();
    if (!box) throw new Error('the view has no size');
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await app.page.mouse.move(x, y);
    await app.page.mouse.down();
    await app.page.mouse.move(x + right, y - up, { steps: 6 });
    await app.page.mouse.up();
  }

  /** Drags, and lets the hand glide to rest. @returns where it does. */
  async function turn(right: number, up: number): Promise<Pose> {
    const before = lastPose()?.input ?? 0;
    await drag(right, up);
    let last: ReturnType<typeof lastPose>;
    const isAtRest = () => {
      const [earlier, now] = [last, lastPose()];
      last = now;
      return now?.moving === false && now.input > before && now === earlier;
    };
    await expect.poll(isAtRest, { timeout: HANGS_MS, interval: 400 }).toBe(true);
    if (!last) throw new Error('the hand has moved');
    return last.pose;
  }

  /** From the automatic camera to the hand's. */
  async function takeOver(): Promise<void> {
    await app.openScene();
    await app.seeFinalPicture();
    await turn(20, 0);
    await app.seeFinalPicture((lastPose()?.input ?? 0) - 1);
  }

  it('turns with the hand while no picture comes, and is the picture again when one has', async () => {
    await takeOver();
    app.farm.liveStalls = true;
    const pictures = app.farm.live.pictures.length;
    const stale = await shown();
    const pose = await turn(-12, 3);
    const warped = await shown();
    expect(app.farm.live.pictures.length).toBe(pictures);
    const ofStale = dissimilarity(stale, truth(pose));
    expect(ofStale).toBeGreaterThan(0.1);
    const ofWarped = dissimilarity(warped, truth(pose));
    expect(ofWarped).toBeLessThan(ofStale / 2);

    app.farm.liveStalls = false;
    const rested = await turn(2, 0);
    await app.seeFinalPicture((lastPose()?.input ?? 0) - 1);
    // The blend is over within a few display frames.
    await expect
      .poll(async () => dissimilarity(await shown(), truth(rested)), { timeout: HANGS_MS })
      .toBeLessThan(ofWarped);
  });

  it('turns with the hand while the connection is gone', async () => {
    await takeOver();
    app.farm.down = true;
    app.farm.dropLive();
    await app.page.waitForSelector(test('live-canvas', '[data-state="reconnecting"]'), { timeout: HANGS_MS });
    const stale = await shown();
    await drag(-60, 10);
    await expect.poll(async () => dissimilarity(await shown(), stale), { timeout: HANGS_MS }).toBeGreaterThan(0.1);
  });
});
