import { describe, expect, it } from 'vitest';
import { LIVE, test, useApp } from './app-fixture.ts';

describe('the live view sent to the farm', () => {
  const app = useApp();

  async function send() {
    const before = app.farm.state.jobRequests.length;
    await app.page.click(test('render-view'));
    await app.page.waitForFunction(
      (selector, jobs) => document.querySelectorAll(selector).length === jobs,
      {},
      test('job-labels'),
      before + 1,
    );
    return app.farm.state.jobRequests.at(-1)?.layers[0];
  }

  it('is a job of what it shows, whose card says how many samples it began with', async () => {
    await app.openScene();
    await app.seeFinalPicture();
    const first = await send();
    expect(first).toMatchObject({ camera: 'auto', frames: '0' });
    const samples = first?.samples ?? 0;
    expect(await app.textOf('job-labels')).toContain(
      `began with ${Math.ceil(samples / 2)} of ${samples} sample${samples === 1 ? '' : 's'} from the live view`,
    );

    const box = await (await app.page.waitForSelector(LIVE))?.boundingBox();
    if (!box) throw new Error('the view has no size');
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await app.page.mouse.move(x, y);
    await app.page.mouse.down();
    await app.page.mouse.move(x + 90, y, { steps: 6 });
    await app.page.mouse.up();
    await app.seeFinalPicture(3);
    const { camera } = (await send()) ?? {};
    const poses = app.farm.live.messages.filter((message) => message.type === 'pose').map(({ pose }) => pose);
    expect(camera).toEqual(poses.at(-1));
  });
});
