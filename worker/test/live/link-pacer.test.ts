/** [LV7] The pacer at both ends of a way of so much delay and bandwidth, with a queue before it. */
import { LIMITS } from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import { LinkPacer, STEPS } from '../../src/live/link-pacer.ts';

/** Bytes of a moving picture at quality 75 and full size; the figures of the flight helmet at 640 × 360. */
const FULL_BYTES = 24_000;
const DRAWN_EVERY_MS = 40;

interface Way {
  /** Bytes a millisecond. */
  bandwidth: number;
  /** There, and as long back. */
  delayMs: number;
}

interface Sent {
  readonly sequence: number;
  readonly sentAtMs: number;
  readonly arrivesAtMs: number;
  readonly ackedAtMs: number;
}

/** Draws on and on, and sends as the pacer lets it. */
class Trip {
  readonly pacer = new LinkPacer();
  nowMs = 0;
  readonly shown: Sent[] = [];
  #underWay: Sent[] = [];
  #freeAtMs = 0;
  #sequence = 0;
  #nextDrawMs = 0;
  #heldUntilMs = 0;

  readonly way: Way;
  /** What the viewer takes to show a picture, one after the other. */
  readonly #showsMs: readonly number[];
  /** What it is late by without telling. */
  readonly #lateMs: readonly number[];

  constructor(way: Way, showsMs: readonly number[] = [3], lateMs: readonly number[] = [0]) {
    this.way = way;
    this.#showsMs = showsMs;
    this.#lateMs = lateMs;
  }

  run(ms: number): void {
    for (const end = this.nowMs + ms; this.nowMs < end; this.nowMs += 1) {
      const isHeld = this.nowMs < this.#heldUntilMs;
      for (const sent of this.#underWay.filter(({ ackedAtMs }) => !isHeld && ackedAtMs <= this.nowMs)) {
        this.#underWay.splice(this.#underWay.indexOf(sent), 1);
        this.pacer.acknowledged(sent.sequence, this.#showsOf(sent.sequence), this.nowMs);
        this.shown.push(sent);
      }
      if (this.nowMs < this.#nextDrawMs || this.#underWay.length >= this.pacer.windowAt(this.nowMs)) continue;
      this.#nextDrawMs = this.nowMs + DRAWN_EVERY_MS;
      this.#send();
    }
  }

  /** Whoever acknowledges is busy for so long: then all comes at once. */
  hold(ms: number): void {
    const until = this.nowMs + ms;
    this.#heldUntilMs = until;
    this.run(ms);
  }

  get bytes(): number {
    return FULL_BYTES * this.pacer.scale ** 1.7 * (this.pacer.quality / 75) ** 1.3;
  }

  /** Milliseconds from drawn to there, of those that came in the last second. */
  get lateMs(): number[] {
    return this.#recent.map(({ sentAtMs, arrivesAtMs }) => arrivesAtMs - sentAtMs);
  }

  get perSecond(): number {
    return this.#recent.length;
  }

  get #recent(): Sent[] {
    return this.shown.filter(({ ackedAtMs }) => ackedAtMs > this.nowMs - 1_000);
  }

  #send(): void {
    const { bandwidth, delayMs } = this.way;
    const begins = Math.max(this.nowMs, this.#freeAtMs);
    this.#freeAtMs = begins + this.bytes / bandwidth;
    const arrivesAtMs = this.#freeAtMs + delayMs;
    this.#sequence += 1;
    const sequence = this.#sequence;
    this.pacer.sent(sequence, true, this.nowMs);
    this.#underWay.push({
      sequence,
      sentAtMs: this.nowMs,
      arrivesAtMs,
      ackedAtMs: arrivesAtMs + delayMs + this.#showsOf(sequence) + (this.#lateMs[sequence % this.#lateMs.length] ?? 0),
    });
  }

  #showsOf(sequence: number): number {
    return this.#showsMs[sequence % this.#showsMs.length] ?? 0;
  }
}

const MBIT = 125;

describe('on a way with room', () => {
  it.each([1, 25, 50, 100])('keeps full pictures coming at full rate with %i ms each way', (delayMs) => {
    const trip = new Trip({ bandwidth: 50 * MBIT, delayMs });
    trip.run(5_000);
    expect(trip.pacer.quality).toBe(STEPS[0].quality);
    expect(trip.pacer.scale).toBe(1);
    expect(trip.perSecond).toBeGreaterThanOrEqual(24);
    expect(Math.max(...trip.lateMs)).toBeLessThan(delayMs + 15);
  });

  it('keeps them coming to a viewer that takes long to show them, now and then longer', () => {
    const trip = new Trip({ bandwidth: 50 * MBIT, delayMs: 50 }, [70, 90, 80, 100]);
    trip.run(5_000);
    expect(trip.perSecond).toBeGreaterThanOrEqual(22);
  });

  it('has no more under way than the limit, however long it is', () => {
    const trip = new Trip({ bandwidth: 100 * MBIT, delayMs: 400 });
    trip.run(20_000);
    expect(trip.pacer.windowAt(trip.nowMs)).toBe(LIMITS.liveWindow);
  });
});

describe('when the way becomes narrow', () => {
  it.each([
    [1, 2],
    [1, 20],
    [0.5, 50],
  ])('makes pictures smaller within half a second and a round trip: %f Mbit/s, %i ms', (mbit, delayMs) => {
    const trip = new Trip({ bandwidth: 50 * MBIT, delayMs });
    trip.run(3_000);
    const before = trip.bytes;
    trip.way.bandwidth = mbit * MBIT;
    trip.run(500 + FULL_BYTES / trip.way.bandwidth + 2 * delayMs);
    expect(trip.bytes).toBeLessThan(before);
    trip.run(4_000);
    // Nothing grows: what waits is a few pictures.
    expect(Math.max(...trip.lateMs)).toBeLessThan(delayMs + 400);
    expect(trip.perSecond).toBeGreaterThanOrEqual(4);
  });

  it('sends little more before the first of them is there', () => {
    const trip = new Trip({ bandwidth: 50 * MBIT, delayMs: 100 });
    trip.run(5_000);
    const before = trip.pacer.windowAt(trip.nowMs);
    trip.way.bandwidth = 0.05 * MBIT;
    // What was sent before is there in time; nothing else is for seconds.
    trip.run(700);
    expect(before).toBeGreaterThan(2);
    expect(trip.pacer.windowAt(trip.nowMs)).toBe(2);
  });

  it('makes them larger again when it is wide', () => {
    const trip = new Trip({ bandwidth: 50 * MBIT, delayMs: 20 });
    trip.run(2_000);
    trip.way.bandwidth = MBIT;
    trip.run(4_000);
    expect(trip.pacer.isWide).toBe(false);
    trip.way.bandwidth = 50 * MBIT;
    trip.run(3_000);
    expect(trip.pacer.isWide).toBe(true);
    expect(trip.perSecond).toBeGreaterThanOrEqual(24);
  });

  it('makes nothing smaller where somebody is busy for a moment, again and again', () => {
    const trip = new Trip({ bandwidth: 50 * MBIT, delayMs: 50 }, [3], [5, 40, 25, 60, 20, 45, 30]);
    trip.run(3_000);
    for (let times = 0; times < 3; times += 1) {
      trip.hold(300);
      trip.run(60);
      expect(trip.pacer.isWide).toBe(true);
    }
    trip.run(1_500);
    expect(trip.pacer.isWide).toBe(true);
  });

  it('is not taken in by a way that is longer from now on', () => {
    const trip = new Trip({ bandwidth: 50 * MBIT, delayMs: 10 });
    trip.run(3_000);
    trip.way.delayMs = 100;
    trip.run(4_000);
    expect(trip.pacer.isWide).toBe(true);
    expect(trip.perSecond).toBeGreaterThanOrEqual(20);
  });

  it('tries a size for which there is no room more and more seldom', () => {
    const trip = new Trip({ bandwidth: 50 * MBIT, delayMs: 20 });
    trip.run(2_000);
    trip.way.bandwidth = 2 * MBIT;
    trip.run(5_000);
    let late = 0;
    for (let second = 0; second < 20; second += 1) {
      trip.run(1_000);
      if (Math.max(...trip.lateMs) > 20 + 100) late += 1;
    }
    expect(trip.pacer.isWide).toBe(false);
    expect(late).toBeLessThan(13);
  });
});

it('learns nothing of pictures that were skipped, and of those at rest nothing about how large moving ones may be', () => {
  const pacer = new LinkPacer();
  for (let picture = 1; picture <= 20; picture += 1) {
    pacer.sent(picture, true, picture * 100);
    pacer.acknowledged(picture, picture === 1 ? 1 : 0, picture * 100 + (picture === 1 ? 10 : 5_000));
  }
  expect(pacer.isWide).toBe(true);
  pacer.sent(21, false, 3_000);
  pacer.acknowledged(21, 5, 4_000);
  expect(pacer.isWide).toBe(true);
});

it('takes a viewer that is late now and then for no narrow way', () => {
  const pacer = new LinkPacer();
  for (let picture = 1; picture <= 200; picture += 1) {
    pacer.sent(picture, true, picture * 40);
    pacer.acknowledged(picture, 3, picture * 40 + (picture % 3 === 0 ? 30 : 150));
  }
  expect(pacer.isWide).toBe(true);
});

it('takes a viewer for busy, and the way for wide, where late pictures come in pairs, one right behind the other', () => {
  const pacer = new LinkPacer();
  const acks: { sequence: number; atMs: number }[] = [];
  for (let picture = 1; picture <= 60; picture += 1) {
    const sentAtMs = picture * 110;
    for (const { sequence, atMs } of acks.splice(0, acks.findLastIndex(({ atMs }) => atMs <= sentAtMs) + 1))
      pacer.acknowledged(sequence, 3, atMs);
    pacer.sent(picture, true, sentAtMs);
    // The first ones come in time.
    const lateMs = picture <= 4 ? 0 : picture % 2 === 0 ? 200 : 290;
    acks.push({ sequence: picture, atMs: sentAtMs + 100 + lateMs });
    expect(pacer.isWide, `picture ${picture}`).toBe(true);
  }
});

it('begins anew with another viewer', () => {
  const trip = new Trip({ bandwidth: MBIT / 2, delayMs: 5 });
  trip.run(1);
  trip.way.bandwidth = MBIT / 4;
  trip.run(6_000);
  trip.pacer.reset();
  expect([trip.pacer.windowAt(trip.nowMs), trip.pacer.quality, trip.pacer.scale]).toEqual([2, 75, 1]);
});
