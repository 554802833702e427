import { encodePicture, LIMITS, type PictureHeader } from '@kiln/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { PictureFlow } from '../../src/live/picture-flow.ts';
import { FakeTimers } from './fake-timers.ts';

const header = (sequence: number, input = sequence): PictureHeader => ({
  sequence,
  input,
  codec: 'jpeg',
  moving: false,
  final: false,
  lastTile: true,
  better: false,
  samples: 1,
  widthPx: 64,
  heightPx: 36,
  tile: { x: 0, y: 0, widthPx: 64, heightPx: 36 },
  depth: null,
  near: 0.1,
  far: 10,
  pose: { position: [0, 0, 0], quaternion: [0, 0, 0, 1], fovDeg: 45 },
  stages: { inputWait: 0, draw: 0, readBack: 0, encode: 0, workerQueue: 0, relay: 0 },
  drawEndMs: 1_700_000_000_000,
});

interface Decoding {
  readonly sequence: number;
  finish(): Promise<void>;
  fail(): Promise<void>;
}

/** Decoders, displays and sockets that do what the test says, when it says so. */
class Bench {
  readonly timers = new FakeTimers();
  readonly decoding: Decoding[] = [];
  readonly uploaded: number[] = [];
  readonly painted: number[] = [];
  readonly acks: [picture: number, decodeMs: number, uploadMs: number, isBroken?: boolean | undefined][] = [];
  readonly broken: unknown[] = [];
  readonly log: string[] = [];
  closed = 0;
  #frame: (() => void) | null = null;

  readonly flow = new PictureFlow<{ readonly sequence: number; close(): void }>({
    decode: ({ header: { sequence } }) =>
      new Promise((resolve, reject) => {
        const done = (settle: () => void) => async () => {
          settle();
          await new Promise((next) => setTimeout(next));
        };
        this.decoding.push({
          sequence,
          finish: done(() =>
            resolve({
              sequence,
              close: () => {
                this.closed += 1;
              },
            }),
          ),
          fail: done(() => reject(new Error('not a picture'))),
        });
      }),
    upload: ({ sequence }) => {
      this.timers.pass(2);
      this.uploaded.push(sequence);
    },
    paint: () => {
      this.painted.push(this.uploaded.at(-1) ?? 0);
      this.log.push('paint');
    },
    onDisplayFrame: (callback) => {
      expect(this.#frame).toBeNull();
      this.#frame = callback;
    },
    acknowledge: (...ack) => {
      this.acks.push(ack);
      this.log.push(`ack ${ack[0]}`);
    },
    painted: (picture) => this.log.push(`painted ${picture.header.sequence}`),
    broken: (error) => this.broken.push(error),
    timers: this.timers,
  });

  /** A part of the picture before. */
  receiveTile(sequence: number, { lastTile = true, widthPx = 64 } = {}): void {
    const tile = { x: 0, y: 0, widthPx: 32, heightPx: 36 };
    this.flow.receive(
      encodePicture({ ...header(sequence, 1), better: true, lastTile, widthPx, tile }, new Uint8Array([1, 2, 3])),
    );
  }

  /** [LV40] Of a video, with the picture before. */
  receiveFrame(sequence: number, delta = true): void {
    const frame: PictureHeader = { ...header(sequence), codec: 'vp9', ...(delta && { delta }) };
    this.flow.receive(encodePicture(frame, new Uint8Array([1, 2, 3])));
  }

  receive(sequence: number): void {
    this.flow.receive(encodePicture(header(sequence), new Uint8Array([1, 2, 3])));
  }

  displayFrame(): void {
    const frame = this.#frame;
    this.#frame = null;
    frame?.();
  }

  /** As where the page is hidden, or the view over. */
  loseFrame(): void {
    this.#frame = null;
  }

  decoder(sequence: number): Decoding {
    const found = this.decoding.find((decoding) => decoding.sequence === sequence);
    if (!found) throw new Error(`picture ${sequence} is not being decoded`);
    return found;
  }
}

describe('PictureFlow', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  it('[LV6] acknowledges a picture after it was painted, with the times of decoding and uploading', async () => {
    bench.receive(1);
    bench.timers.pass(7);
    await bench.decoder(1).finish();
    expect(bench.uploaded).toEqual([1]);
    expect(bench.acks).toEqual([]);
    bench.displayFrame();
    expect(bench.painted).toEqual([1]);
    expect(bench.acks).toEqual([[1, 7, 2]]);
    expect(bench.log).toEqual(['paint', 'ack 1', 'painted 1']);
    expect(bench.closed).toBe(1);
  });

  it('decodes one picture at a time, and the latest next', async () => {
    bench.receive(1);
    bench.receive(2);
    bench.receive(3);
    expect(bench.decoding.map(({ sequence }) => sequence)).toEqual([1]);
    await bench.decoder(1).finish();
    expect(bench.decoding.map(({ sequence }) => sequence)).toEqual([1, 3]);
  });

  it('[LV6] acknowledges a skipped picture with 0 and 0, after those before it', async () => {
    bench.receive(1);
    bench.receive(2);
    bench.receive(3);
    // An acknowledgement of 2 would cover 1, which is not painted yet.
    expect(bench.acks).toEqual([]);
    await bench.decoder(1).finish();
    bench.displayFrame();
    expect(bench.acks).toEqual([
      [1, 0, 2],
      [2, 0, 0],
    ]);
    await bench.decoder(3).finish();
    bench.displayFrame();
    expect(bench.acks.map(([picture]) => picture)).toEqual([1, 2, 3]);
    expect(bench.painted).toEqual([1, 3]);
  });

  it('paints only the newest of those that were decoded between two display frames', async () => {
    bench.receive(1);
    await bench.decoder(1).finish();
    bench.receive(2);
    await bench.decoder(2).finish();
    bench.displayFrame();
    expect(bench.painted).toEqual([2]);
    expect(bench.acks.map(([picture]) => picture)).toEqual([1, 2]);
    expect(bench.acks[0]).toEqual([1, 0, 0]);
  });

  it('acknowledges nothing while the display takes no frames', async () => {
    bench.receive(1);
    await bench.decoder(1).finish();
    bench.timers.pass(60_000);
    expect(bench.acks).toEqual([]);
  });

  it('[LV6] tells of no longer time than an acknowledgement may, however long the page was hidden', async () => {
    bench.receive(1);
    await bench.decoder(1).finish();
    bench.timers.pass(3_600_000);
    bench.displayFrame();
    expect(bench.acks).toEqual([[1, 0, LIMITS.liveShownMs]]);
  });

  it('skips a picture that does not decode, and goes on', async () => {
    bench.receive(1);
    bench.receive(2);
    await bench.decoder(1).fail();
    expect(bench.broken).toHaveLength(1);
    expect(bench.acks).toEqual([[1, 0, 0]]);
    await bench.decoder(2).finish();
    bench.displayFrame();
    expect(bench.painted).toEqual([2]);
  });

  it('[LV5] takes no picture that came before, or that something newer came before', async () => {
    bench.receive(3);
    bench.receive(3);
    bench.receive(2);
    await bench.decoder(3).finish();
    bench.displayFrame();
    bench.receive(3);
    expect(bench.decoding.map(({ sequence }) => sequence)).toEqual([3]);
    expect(bench.painted).toEqual([3]);
    expect(bench.acks.map(([picture]) => picture)).toEqual([3]);
  });

  it('[LV17] what an earlier connection sent and does not decode is no fault of this one', async () => {
    bench.receive(8);
    bench.flow.restart();
    await bench.decoder(8).fail();
    expect(bench.broken).toEqual([]);
    expect(bench.acks).toEqual([]);
  });

  it('[LV6] acknowledges those that a flood overtook at once, with the last of them', async () => {
    bench.receive(1);
    for (let sequence = 2; sequence <= 20_000; sequence += 1) bench.receive(sequence);
    await bench.decoder(1).finish();
    bench.displayFrame();
    expect(bench.acks.map(([picture]) => picture)).toEqual([1, 19_999]);
    expect(bench.decoding.map(({ sequence }) => sequence)).toEqual([1, 20_000]);
  });

  it('[LV9] reports a message that breaks the layout', () => {
    bench.flow.receive(new Uint8Array(40));
    expect(bench.broken).toMatchObject([{ code: 'protocol.violation' }]);
    expect(bench.acks).toEqual([]);
  });

  it('[LV17] neither paints nor acknowledges what came before a new start', async () => {
    bench.receive(8);
    bench.receive(9);
    bench.flow.restart();
    await bench.decoder(8).finish();
    bench.displayFrame();
    expect(bench.uploaded).toEqual([]);
    expect(bench.acks).toEqual([]);
    expect(bench.closed).toBe(1);
    bench.receive(1);
    await bench.decoder(1).finish();
    bench.displayFrame();
    expect(bench.acks.map(([picture]) => picture)).toEqual([1]);
  });

  it('does not paint what was uploaded before a new start', async () => {
    bench.receive(8);
    await bench.decoder(8).finish();
    bench.flow.restart();
    bench.displayFrame();
    expect(bench.painted).toEqual([]);
    expect(bench.acks).toEqual([]);
  });

  it('paints what comes after a new start, also where the display frame that was asked for never came', async () => {
    bench.receive(8);
    await bench.decoder(8).finish();
    bench.flow.restart();
    bench.loseFrame();
    bench.receive(1);
    await bench.decoder(1).finish();
    bench.displayFrame();
    expect(bench.painted).toEqual([1]);
    expect(bench.acks.map(([picture]) => picture)).toEqual([1]);
  });

  describe('[LV30] tiles', () => {
    beforeEach(async () => {
      bench.receive(1);
      await bench.decoder(1).finish();
      bench.displayFrame();
    });

    it('are all shown, in order, and acknowledged with the last of a picture', async () => {
      bench.receiveTile(2, { lastTile: false });
      bench.receiveTile(2);
      bench.receiveTile(3);
      for (const decoding of bench.decoding.slice(1)) await decoding.finish();
      for (const decoding of bench.decoding.slice(2)) await decoding.finish();
      bench.displayFrame();
      bench.displayFrame();
      expect(bench.uploaded).toEqual([1, 2, 2, 3]);
      expect(bench.acks.map(([picture]) => picture)).toEqual([1, 2, 3]);
      expect(bench.broken).toEqual([]);
    });

    it('[LV41] of which some did not come are shown by the whole that has their number, and others build on that', async () => {
      bench.receiveTile(2, { lastTile: false });
      bench.flow.receive(encodePicture({ ...header(2, 1), catchUp: true, samples: 8 }, new Uint8Array([1, 2, 3])));
      bench.receiveTile(3);
      for (let at = 1; at < 4; at += 1) await bench.decoding[at]?.finish();
      bench.displayFrame();
      expect(bench.uploaded.at(-1)).toBe(3);
      expect(bench.painted.at(-1)).toBe(3);
      expect(bench.acks.map(([picture]) => picture).at(-1)).toBe(3);
    });

    it('of which some are still to come are painted, and not acknowledged', async () => {
      bench.receiveTile(2, { lastTile: false });
      await bench.decoder(2).finish();
      bench.displayFrame();
      expect(bench.painted).toEqual([1, 2]);
      expect(bench.acks).toHaveLength(1);
      bench.receiveTile(2);
      await bench.decoding[2]?.finish();
      bench.displayFrame();
      expect(bench.acks.map(([picture]) => picture)).toEqual([1, 2]);
    });

    it('that wait are skipped for a whole picture', async () => {
      bench.receive(2);
      bench.receiveTile(3);
      bench.receive(4);
      await bench.decoder(2).finish();
      await bench.decoder(4).finish();
      bench.displayFrame();
      expect(bench.uploaded).toEqual([1, 2, 4]);
      expect(bench.acks.map(([picture]) => picture)).toEqual([1, 2, 3, 4]);
    });

    it('are not put over what they do not belong to', async () => {
      bench.receiveTile(2, { widthPx: 128 });
      await bench.decoder(2).finish();
      bench.receive(3);
      bench.receiveTile(4);
      await bench.decoder(3).fail();
      await bench.decoder(4).finish();
      expect(bench.uploaded).toEqual([1]);
      expect(bench.acks.map(([picture]) => picture)).toEqual([1, 2, 3, 4]);
      bench.flow.restart();
      bench.receiveTile(5);
      expect(bench.decoding.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
      expect(bench.acks.at(-1)).toEqual([5, 0, 0]);
      expect(bench.uploaded).toEqual([1]);
    });

    it('[LV35] are skipped until the next whole picture where one before them is missing', async () => {
      bench.receiveTile(3);
      bench.receiveTile(4);
      expect(bench.decoding).toHaveLength(1);
      expect(bench.acks.map(([picture]) => picture)).toEqual([1, 3, 4]);
      bench.receive(5);
      await bench.decoder(5).finish();
      bench.receiveTile(6);
      await bench.decoder(6).finish();
      bench.displayFrame();
      expect(bench.uploaded).toEqual([1, 5, 6]);
    });

    // Eight pictures of 512 × 512 have 128 tiles of 128 × 128, and 512 that count as of 64 × 64.
    it.each([
      [128, 128, 200],
      [1, 512, 700],
    ])(
      '[LV7] of %d pixels an edge are a fault when more wait than acknowledgements let through',
      (edge, least, most) => {
        bench.receiveTile(2);
        const tile = { x: 0, y: 0, widthPx: edge, heightPx: edge };
        let sent = 2;
        for (; bench.broken.length === 0 && sent < 20_000; sent += 1) {
          const one = { ...header(sent + 1), better: true, widthPx: 512, heightPx: 512, tile };
          bench.flow.receive(encodePicture(one, new Uint8Array(1)));
        }
        expect(sent).toBeGreaterThan(least);
        expect(sent).toBeLessThan(most);
        expect(bench.broken).toMatchObject([{ code: 'protocol.violation' }]);
      },
    );
  });

  describe('[LV40] frames of a video', () => {
    it('are all read in their order, and the newest is shown', async () => {
      bench.receiveFrame(1, false);
      for (const sequence of [2, 3, 4]) bench.receiveFrame(sequence);
      await bench.decoder(1).finish();
      expect(bench.decoding.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
      for (const sequence of [2, 3, 4]) await bench.decoder(sequence).finish();
      bench.displayFrame();
      expect(bench.uploaded).toEqual([1, 4]);
      expect(bench.painted).toEqual([4]);
      expect(bench.acks.map(([picture]) => picture)).toEqual([1, 3, 4]);
    });

    it('are not waited for where a picture that stands for itself overtakes them', async () => {
      bench.receiveFrame(1, false);
      bench.receiveFrame(2);
      bench.receive(3);
      await bench.decoder(1).finish();
      expect(bench.decoding.map(({ sequence }) => sequence)).toEqual([1, 3]);
    });

    it('that cannot be read are told of, and no fault of the connection', async () => {
      bench.receiveFrame(1, false);
      bench.receiveFrame(2);
      await bench.decoder(1).finish();
      bench.displayFrame();
      await bench.decoder(2).fail();
      expect(bench.broken).toEqual([]);
      expect(bench.acks.at(-1)).toEqual([2, 0, 0, true]);
      bench.receiveFrame(3, false);
      await bench.decoder(3).finish();
      bench.displayFrame();
      expect(bench.painted).toEqual([1, 3]);
    });

    it('are told of as well where one before them is missing', async () => {
      bench.receiveFrame(1, false);
      await bench.decoder(1).finish();
      bench.displayFrame();
      bench.receiveFrame(3);
      expect(bench.decoding).toHaveLength(1);
      expect(bench.acks.at(-1)).toEqual([3, 0, 0, true]);
    });
  });
});
