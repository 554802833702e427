import type { ViewerSeat } from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import { changedLook } from '../../src/app/scene/look-change.ts';
import { nameOf, newsOf } from '../../src/app/scene/people-news.ts';
import { watchedIn, watchLink } from '../../src/app/scene/watch-link.ts';
import type { Audience } from '../../src/live/session-role.ts';
import type { Look } from '../../src/live/viewport-types.ts';

const seat = (id: number, more: Partial<ViewerSeat> = {}): ViewerSeat => ({
  ...{ id, label: `Viewer ${id}`, owner: id === 1, mayDrive: true, asks: false, away: false },
  ...more,
});
const audience = (driver: number | null, viewers: ViewerSeat[], you = 1): Audience => ({
  ...{ you, driver, mayTake: false, viewers },
});

describe('what is said of people', () => {
  it('tells who comes, asks and goes', () => {
    const alone = audience(1, [seat(1)]);
    const two = audience(1, [seat(1), seat(2)]);
    const asked = audience(1, [seat(1), seat(2, { asks: true })]);
    const lost = audience(1, [seat(1), seat(2, { away: true })]);
    expect(newsOf(null, two)).toEqual(['Viewer 2 watches.', 'You have the camera.']);
    expect(newsOf(two, asked)).toEqual(['Viewer 2 asks for the camera.']);
    expect(newsOf(two, lost)).toEqual(['Viewer 2 has lost the connection.']);
    expect(newsOf(two, alone)).toEqual(['Viewer 2 has left.']);
    expect(newsOf(two, two)).toEqual([]);
  });

  it('tells where the camera goes', () => {
    const viewers = [seat(1), seat(2)];
    expect(newsOf(audience(1, viewers), audience(2, viewers))).toEqual(['Viewer 2 has the camera.']);
    expect(newsOf(audience(2, viewers), audience(1, viewers))).toEqual(['You have the camera.']);
    expect(newsOf(audience(1, viewers), audience(null, viewers))).toEqual(['The camera is free.']);
  });

  it('tells who watches nothing of what concerns the driver alone', () => {
    const viewers = [seat(1), seat(2), seat(3)];
    const asked = [seat(1), seat(2), seat(3, { asks: true })];
    expect(newsOf(audience(1, viewers, 2), audience(1, asked, 2))).toEqual([]);
  });

  it('calls oneself you', () => {
    expect([nameOf(seat(1), 1), nameOf(seat(2), 1)]).toEqual(['You', 'Viewer 2']);
  });
});

describe('a link to watch', () => {
  const session = 'ses_0123456789abcdefghjk';

  it('is that of the page, with the session in it, and nothing else', () => {
    const link = watchLink('https://farm.example/scenes/scn_1?watch=ses_old#code=x', session);
    expect(link).toBe(`https://farm.example/scenes/scn_1?watch=${session}`);
    expect(watchedIn(Object.fromEntries(new URL(link).searchParams))).toBe(session);
  });

  it.each([{}, { watch: '' }, { watch: 'ses_1' }, { watch: 'scn_0123456789abcdefghjk' }])('%j is none', (query) => {
    expect(watchedIn(query)).toBeNull();
  });
});

describe('a look that others have changed, too', () => {
  const look: Look = {
    ...{ samples: 1, clip: null, fps: 24, toneMapping: 'neutral', exposureEv: 0, background: 'neutral' },
  };

  it('takes what changes in the form, and keeps the rest', () => {
    const shown: Look = { ...look, exposureEv: 2, environment: 'studio', camera: 'Close' };
    expect(changedLook(shown, look, { ...look, toneMapping: 'agx' })).toEqual({ ...shown, toneMapping: 'agx' });
    expect(changedLook(shown, look, look)).toEqual(shown);
  });

  it('loses what the form leaves out', () => {
    const { camera: _, ...free } = { ...look, camera: 'auto' };
    expect(changedLook({ ...look, exposureEv: 2, camera: 'Close' }, { ...look, camera: 'auto' }, free)).toEqual({
      ...look,
      exposureEv: 2,
    });
  });
});
