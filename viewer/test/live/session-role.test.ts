import type { LiveView, Pose, ViewerSeat } from '@kiln/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { SessionRole } from '../../src/live/session-role.ts';

const POSE: Pose = { position: [1, 2, 3], quaternion: [0, 0, 0, 1], fovDeg: 40 };
const VIEW: LiveView = {
  ...{ samples: 1, clip: null, fps: 24, toneMapping: 'neutral', exposureEv: 0, background: 'neutral' },
  ...{ size: { widthPx: 640, heightPx: 360 }, frameNumber: 0 },
};
const seat = (id: number): ViewerSeat => ({
  ...{ id, label: `Viewer ${id}`, owner: id === 1, mayDrive: true, asks: false, away: false },
});
const viewers = (you: number, driver: number | null, input = 0) => ({
  ...{ type: 'viewers' as const, you, driver, mayTake: false, input, viewers: [seat(1), seat(2)] },
});

describe('who opens a session', () => {
  let role: SessionRole;
  beforeEach(() => {
    role = new SessionRole(false);
  });

  it('[LV33] drives from the beginning, and knows of nobody else', () => {
    expect(role.drives).toBe(true);
    expect(role.audience).toBeNull();
  });

  it('[LV33, LV34] follows whoever has the camera, until it is back', () => {
    role.take(viewers(1, 2, 7));
    role.take({ type: 'driver-pose', pose: POSE, moving: true });
    role.take({ type: 'driver-view', view: VIEW });
    expect([role.drives, role.pose, role.view, role.input]).toEqual([false, POSE, VIEW, 7]);
    role.take(viewers(1, 1, 9));
    expect([role.drives, role.pose, role.view, role.input]).toEqual([true, null, null, 9]);
  });

  it('[LV13] keeps its role when it comes back, and has a new one in a new session', () => {
    role.take(viewers(1, 2));
    role.welcome(true, false);
    expect(role.drives).toBe(false);
    role.welcome(false, false);
    expect(role.drives).toBe(true);
    expect(role.audience).toBeNull();
  });
});

it('[LV31] who joins watches, also before it knows of anybody, and where the camera is free', () => {
  const role = new SessionRole(true);
  expect(role.drives).toBe(false);
  role.take(viewers(2, null));
  expect(role.drives).toBe(false);
  role.take(viewers(2, 2));
  expect(role.drives).toBe(true);
  role.welcome(false, true);
  expect(role.drives).toBe(false);
});
