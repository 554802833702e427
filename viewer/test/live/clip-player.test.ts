import { beforeEach, describe, expect, it } from 'vitest';
import { ClipPlayer } from '../../src/live/clip-player.ts';

describe('ClipPlayer', () => {
  let player: ClipPlayer;
  beforeEach(() => {
    player = new ClipPlayer();
    player.clip = { frames: 48, fps: 24 };
  });

  it('keeps to the clock: frames are left out, not played late', () => {
    player.play(0);
    expect(player.due(0)).toBeNull();
    expect(player.due(500)).toBe(12);
    expect(player.due(510)).toBeNull();
    expect(player.due(1_000)).toBe(24);
  });

  it('begins again at the end', () => {
    player.play(0);
    expect(player.due(2_500)).toBe(12);
  });

  it('asks for no frame while the picture of the last one is not painted', () => {
    player.play(0);
    expect(player.due(100)).toBe(2);
    player.asked(7);
    expect(player.due(400)).toBeNull();
    player.painted(6);
    expect(player.due(500)).toBeNull();
    player.painted(7);
    expect(player.due(600)).toBe(14);
  });

  it('waits no longer for a picture that does not come', () => {
    player.play(0);
    expect(player.due(100)).toBe(2);
    player.asked(7);
    expect(player.due(2_050)).toBeNull();
    expect(player.due(2_150)).toBe(3);
    player.asked(8);
    expect(player.due(2_900)).toBeNull();
    player.painted(8);
    expect(player.due(3_000)).toBe(24);
  });

  it('goes on from where it was paused or put', () => {
    player.play(0);
    player.due(500);
    player.pause();
    expect(player.due(5_000)).toBeNull();
    expect(player.frameNumber).toBe(12);
    player.seek(30, 6_000);
    player.play(6_000);
    expect(player.due(6_500)).toBe(42);
  });

  it('asks again after a new connection', () => {
    player.play(0);
    player.due(100);
    player.asked(7);
    player.restart();
    expect(player.due(500)).toBe(12);
  });

  it('plays nothing without a clip', () => {
    player.clip = null;
    player.play(0);
    expect(player.playing).toBe(false);
    expect(player.due(500)).toBeNull();
  });
});
