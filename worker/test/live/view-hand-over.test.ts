/** [LV39] What a worker hands over of a view that it draws. */
import { type HandedSums, KilnError, type LiveView } from '@kiln/shared';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LiveSession } from '../../src/live/live-session.ts';
import type { SummedView, SumsOrder } from '../../src/live/view-hand-over.ts';
import type { ReceivedFile } from '../../src/page-host/page-site.ts';
import type { SumsOfRange } from '../../src/pool/page-orders.ts';
import { silent } from '../support/silent.ts';
import { poseAt, RefiningStage, view } from './fake-stage.ts';

/** Has sums of 32, 16 and 4 samples of whatever it is asked for. */
class SummedStage extends RefiningStage {
  readonly asked: SumsOrder[] = [];
  lost = false;

  override async withSums<T>(order: SumsOrder, use: (summed: SummedView | null) => Promise<T>): Promise<T> {
    this.asked.push(order);
    if (this.lost) throw new Error('the page is gone');
    const sums = [range(0, 32), range(32, 16), { ...range(48, 4), noise: 0.01 }];
    return use({ sums, endedBy: 'noise', backend: 'webgl' });
  }
}

const range = (first: number, count: number): SumsOfRange => ({
  samples: { first, count },
  encode: { startedAtMs: 0, durationMs: 0 },
  name: `sums-${first}`,
  diskPath: `/sums-${first}`,
  file: { diskPath: `/sums-${first}`, sha256: `${first}`.padStart(64, '0'), sizeBytes: count },
});

let stage: SummedStage;
let session: LiveSession;
let said: HandedSums[];
let sent: ReceivedFile[];
let send: (file: ReceivedFile, signal: AbortSignal) => Promise<void>;

beforeEach(() => {
  vi.useFakeTimers();
  [stage, said, sent] = [new SummedStage(), [], []];
  send = async (file) => {
    sent.push(file);
  };
  session = new LiveSession({
    ...{ stage, clock: stage.clock, log: silent },
    sendSums: (file, signal) => send(file, signal),
    port: { message: (message) => message.type === 'sums' && said.push(message), picture: () => {} },
  });
  session.run().catch(() => {});
});
afterEach(async () => {
  session.end();
  await vi.advanceTimersByTimeAsync(60_000);
  vi.useRealTimers();
});

async function show(shown: Partial<LiveView> = {}, codecs: ('jpeg' | 'png')[] = ['jpeg', 'png']): Promise<void> {
  const whole = { ...view, tiles: true, samples: 64, ...shown };
  session.start({ type: 'start', protocol: 1, view: whole, codecs, pose: poseAt(1), input: 4, moving: false });
  await vi.advanceTimersByTimeAsync(1_000);
}

const ask = async (input = 4, ms = 0) => {
  session.receive({ type: 'hand-over', id: 7, input, samples: 100 });
  await vi.advanceTimersByTimeAsync(ms);
};

it('[LV39] says at once that it begins, and at last what the server has', async () => {
  await show();
  await ask();
  expect(stage.asked).toMatchObject([{ version: 1, samples: 100, view: { samples: 64 } }]);
  expect(sent.map(({ sizeBytes }) => sizeBytes)).toEqual([32, 16, 4]);
  expect(said).toMatchObject([
    { id: 7, over: false, ranges: [] },
    { id: 7, over: true, backend: 'webgl', ranges: [{ sizeBytes: 32 }, {}, { noise: 0.01, endedBy: 'noise' }] },
  ]);
  expect(said[1]?.ranges.map(({ endedBy }) => endedBy)).toEqual([undefined, undefined, 'noise']);
});

it('[LV39] has nothing of a view that is another by now, or that is drawn without its transparency', async () => {
  await show();
  await ask(3);
  await show({ background: 'transparent' }, ['jpeg']);
  await ask();
  expect(stage.asked).toEqual([]);
  expect(said.map(({ over, ranges }) => [over, ranges.length])).toEqual([
    [false, 0],
    [true, 0],
    [false, 0],
    [true, 0],
  ]);
  await show({ background: 'transparent' });
  await ask();
  expect(said.at(-1)?.ranges).toHaveLength(3);
});

it('[LV39] tells what could be sent, and why no more', async () => {
  await show();
  send = async ({ sizeBytes }) => {
    if (sizeBytes < 32) throw new KilnError('storage.full', 'no room');
  };
  await ask();
  expect(said.at(-1)).toMatchObject({ over: true, ranges: [{ samples: { first: 0, count: 32 } }] });
  expect(said.at(-1)?.fault).toContain('no room');
  stage.lost = true;
  await ask();
  expect(said.at(-1)).toMatchObject({ over: true, ranges: [] });
});

it('[LV39] ends before the server waits no more', async () => {
  await show();
  send = (_file, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  await ask(4, 17_000);
  expect(said).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(said.at(-1)).toMatchObject({ over: true, ranges: [], fault: 'it took too long' });
});
