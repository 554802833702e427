import { describe, expect, it } from 'vitest';
import { test, useApp } from './app-fixture.ts';

describe('the live view sent to the farm', () => {
  const app = useApp();

  it('is a job of what it shows, whose card says how many samples it began with', async () => {
    await app.openScene();
    await app.seeFinalPicture();
    await app.page.click(test('render-view'));
    await app.see('job-labels');
    const [request] = app.farm.state.jobRequests.slice(-1);
    const pose = app.farm.live.messages.findLast((message) => message.type === 'pose')?.pose;
    expect(pose).toBeDefined();
    expect(request?.layers[0]).toMatchObject({ camera: pose, frames: '0' });
    const samples = request?.layers[0]?.samples ?? 0;
    expect(await app.textOf('job-labels')).toContain(
      `began with ${Math.ceil(samples / 2)} of ${samples} sample${samples === 1 ? '' : 's'} from the live view`,
    );
    const size = request?.layers[0]?.size;
    expect(size?.widthPx).toBeGreaterThan(16);
  });
});
