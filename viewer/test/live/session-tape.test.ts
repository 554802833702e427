import { LIMITS, type LiveView, matches, PosePath, SessionRecorder, type TimedCamera } from '@kiln/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { PathPlayer } from '../../src/live/path-player.ts';
import { SessionTape } from '../../src/live/session-tape.ts';
import { FakeTimers } from './fake-timers.ts';

const VIEW: LiveView = {
  ...{ samples: 1, clip: null, fps: 24, toneMapping: 'neutral', exposureEv: 0, background: 'neutral' },
  ...{ size: { widthPx: 640, heightPx: 360 }, frameNumber: 0 },
};
const at = (x: number): Omit<TimedCamera, 'atMs'> => ({ position: [x, 1, 3], target: [x, 0, 0], fovDeg: 40 });

describe('a recording', () => {
  let recorder: SessionRecorder;
  beforeEach(() => {
    recorder = new SessionRecorder(5_000);
  });

  it('of nothing is none', () => {
    expect(recorder.path()).toBeNull();
  });

  it('keeps a movement, what was shown and which frame, each from its time on', () => {
    for (let index = 0; index <= 60; index++) {
      const view = { ...VIEW, exposureEv: index < 30 ? 0 : 1, frameNumber: Math.floor(index / 20) };
      recorder.take(5_000 + index * 16, at(index), view);
    }
    const path = recorder.path();
    expect(matches(PosePath, path)).toBe(true);
    // It went straight on.
    expect(path?.poses.map(({ atMs }) => atMs)).toEqual([0, 960]);
    expect(path?.views?.map(({ atMs, view }) => [atMs, view.exposureEv])).toEqual([
      [0, 0],
      [480, 1],
    ]);
    const player = new PathPlayer(path ?? { poses: [] });
    expect([0, 319, 320, 640, 960].map((ms) => player.at(ms)?.frameNumber)).toEqual([0, 0, 1, 2, 3]);
  });

  it('is played from its beginning, however late the first display frame comes', () => {
    recorder.take(5_000, at(0), VIEW);
    recorder.take(5_300, at(3), VIEW);
    const player = new PathPlayer(recorder.path() ?? { poses: [] });
    const played = [70_000, 70_100, 70_300].map((ms) => player.at(ms));
    expect(played.map((moment) => moment?.camera.position[0])).toEqual([0, expect.closeTo(1), 3]);
    expect(played.map((moment) => moment?.isOver)).toEqual([false, false, true]);
  });

  it('is a few kilobytes of a minute: of rest, two moments', () => {
    for (let ms = 0; ms < 60_000; ms += 16) {
      const turn = ms < 30_000 ? ms / 3_000 : 10;
      recorder.take(5_000 + ms, { ...at(0), position: [5 * Math.sin(turn), 1, 5 * Math.cos(turn)] }, VIEW);
    }
    const path = recorder.path();
    expect(JSON.stringify(path).length).toBeLessThan(20_000);
    expect(path?.poses.filter(({ atMs }) => atMs > 30_000)).toHaveLength(1);
  });

  it.each([1e-5, 1e-3, 1, 1e4])('of a scene of %d m is as exact as one of any other, in as few digits', (size) => {
    const turned = (turn: number, radius = 3 * size): Omit<TimedCamera, 'atMs'> => ({
      ...{
        position: [radius * Math.sin(turn), size / 3, radius * Math.cos(turn)],
        target: [size / 7, 0, 0],
        fovDeg: 40,
      },
    });
    for (let index = 0; index <= 200; index++) recorder.take(5_000 + index * 16, turned(index / 40), VIEW);
    const path = recorder.path();
    expect(matches(PosePath, path)).toBe(true);
    for (const { atMs, ...pose } of path?.poses ?? []) {
      if (!('target' in pose)) throw new Error('looks nowhere');
      const there = turned(atMs / 16 / 40);
      const off = (a: readonly number[], b: readonly number[]) =>
        Math.max(...a.map((value, axis) => Math.abs(value - (b[axis] ?? 0))));
      expect(off(pose.position, there.position)).toBeLessThan(3e-5 * size);
      expect(off(pose.target, there.target)).toBeLessThan(3e-5 * size);
      for (const value of [...pose.position, ...pose.target]) {
        expect(`${value}`.replace(/e.*/, '').replace(/[-.]/g, '').replace(/^0+/, '').length).toBeLessThanOrEqual(7);
      }
    }
  });

  it('does not say through which camera of the scene it was seen', () => {
    recorder.take(5_000, at(0), { ...VIEW, camera: 'Close' });
    expect(recorder.path()?.views?.[0]?.view).toEqual(VIEW);
  });

  it('keeps the last of changes within 100 ms, as of a slider that is drawn', () => {
    for (let ms = 0; ms < 1_000; ms += 20) recorder.take(5_000 + ms, at(0), { ...VIEW, exposureEv: ms });
    const views = recorder.path()?.views ?? [];
    expect(views.map(({ atMs, view }) => [atMs, view.exposureEv])).toEqual(
      Array.from({ length: 10 }, (_, i) => [i * 100, i * 100 + 80]),
    );
  });

  it('ends at its limit', () => {
    const lastMs = (LIMITS.pathViews - 1) * 100;
    for (let ms = 0; ms <= lastMs; ms += 100) {
      expect(recorder.isFull).toBe(false);
      recorder.take(5_000 + ms, at(ms), { ...VIEW, exposureEv: (ms / 100) % 2 });
    }
    expect(recorder.isFull).toBe(true);
    recorder.take(5_000 + lastMs + 500, at(0), VIEW);
    expect(recorder.durationMs).toBe(lastMs);
    expect(matches(PosePath, recorder.path())).toBe(true);
  });
});

describe('a tape', () => {
  const path: PosePath = {
    poses: [
      { atMs: 0, ...at(0) },
      { atMs: 1_000, ...at(10) },
    ],
    views: [
      { atMs: 0, view: VIEW },
      { atMs: 500, view: { ...VIEW, exposureEv: 1 } },
    ],
  };

  it('plays where the camera was, tells each view once, and ends', () => {
    const timers = new FakeTimers();
    const tape = new SessionTape(timers);
    expect(tape.moment()).toBeNull();
    tape.play(path);
    expect(tape.moment()).toMatchObject({ camera: { position: [0, 1, 3] }, view: VIEW, isOver: false });
    timers.pass(250);
    expect(tape.moment()).toMatchObject({ camera: { position: [2.5, 1, 3] }, view: null, frameNumber: null });
    timers.pass(250);
    expect(tape.moment()).toMatchObject({ view: { exposureEv: 1 } });
    timers.pass(600);
    expect(tape.moment()).toMatchObject({ camera: { position: [10, 1, 3] }, isOver: true });
    expect(tape.isPlaying).toBe(false);
    expect(tape.moment()).toBeNull();
  });

  it('shows view and frame before it puts the camera somewhere, for they may do so, too', () => {
    const timers = new FakeTimers();
    const tape = new SessionTape(timers);
    const done: string[] = [];
    const on = {
      adopt: ({ exposureEv }: LiveView) => void done.push(`view ${exposureEv}`),
      showFrame: (frameNumber: number) => void done.push(`frame ${frameNumber}`),
    };
    const follow = () => tape.follow(on, ({ position }) => void done.push(`camera ${position[0]}`));
    expect(follow()).toBe(false);
    tape.play({ ...path, frames: [{ atMs: 0, frameNumber: 7 }] });
    expect(follow()).toBe(false);
    timers.pass(1_000);
    expect([follow(), follow()]).toEqual([true, false]);
    expect(done).toEqual(['view 0', 'frame 7', 'camera 0', 'view 1', 'frame 7', 'camera 10']);
  });

  it('says when no more is kept', () => {
    const timers = new FakeTimers();
    const tape = new SessionTape(timers);
    tape.record();
    let count = 0;
    for (; count < 5_000 && !tape.take(at(count), { ...VIEW, exposureEv: count }); count += 1) timers.pass(100);
    expect(count).toBe(LIMITS.pathViews - 1);
  });

  it('is stopped by whoever interrupts it', () => {
    const tape = new SessionTape(new FakeTimers());
    tape.play(path);
    tape.stopPlaying();
    expect(tape.moment()).toBeNull();
  });

  it('keeps nothing unless it records', () => {
    const tape = new SessionTape(new FakeTimers());
    tape.take(at(0), VIEW);
    expect(tape.stopRecording()).toBeNull();
    tape.record();
    tape.take(at(0), VIEW);
    expect(tape.stopRecording()?.poses).toHaveLength(1);
    expect(tape.isRecording).toBe(false);
  });
});
