import type { ServerMessage } from '@kiln/shared';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LIVE_LIMITS } from '../../src/dispatch/limits.ts';
import type { Seat, SeatPeer } from '../../src/live/audience.ts';
import { Picks } from '../../src/live/picks.ts';

type Asked = Parameters<Picks['ask']>[1];

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

function sit() {
  const told: ServerMessage[] = [];
  const peer: SeatPeer = {
    ...{ tell: (message) => void told.push(message), tellNewest() {}, picture: () => 'sent' },
    ...{ needsWhole: false, dropPictures() {}, close() {}, end() {} },
  };
  const seat: Seat = {
    ...{
      id: 1,
      isOwner: true,
      access: 'drive',
      tokenId: null,
      maxSamples: null,
      codecs: ['jpeg'],
      resumeHash: '',
      peer,
      leftAtMs: 0,
      timer: null,
    },
  };
  return { seat, codes: () => told.map((one) => (one.type === 'picked' ? (one.error?.code ?? 'surface') : one.type)) };
}

const question = (request: number): Asked => ({ type: 'pick', request, input: 0, x: 0, y: 0 });

test('[LV37] a question that the worker does not answer is answered after a while, and its late answer is dropped', () => {
  const [picks, viewer] = [new Picks(), sit()];
  const passed: Asked[] = [];
  picks.ask(viewer.seat, question(1), (one) => passed.push(one));
  vi.advanceTimersByTime(LIVE_LIMITS.pickMs - 1);
  expect(viewer.codes()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(viewer.codes()).toEqual(['render.timeout']);
  picks.answer({ type: 'picked', request: passed[0]?.request ?? 0, surface: null });
  expect(viewer.codes()).toEqual(['render.timeout']);
});

test('[LV37] a viewer asks so many times a second, whoever else asks', () => {
  const [picks, viewer, other] = [new Picks(), sit(), sit()];
  const askAndAnswer = ({ seat }: { seat: Seat }, request: number) =>
    picks.ask(seat, question(request), (one) => picks.answer({ type: 'picked', request: one.request, surface: null }));
  for (let request = 1; request <= LIVE_LIMITS.pickBurst + 3; request++) askAndAnswer(viewer, request);
  expect(viewer.codes().filter((code) => code === 'surface')).toHaveLength(LIVE_LIMITS.pickBurst);
  expect(viewer.codes().at(-1)).toBe('request.too_many');
  askAndAnswer(other, 1);
  expect(other.codes()).toEqual(['surface']);
  vi.advanceTimersByTime(1_000);
  for (let request = 1; request <= LIVE_LIMITS.picksPerSecond + 3; request++) askAndAnswer(viewer, request);
  expect(viewer.codes().filter((code) => code === 'surface')).toHaveLength(
    LIVE_LIMITS.pickBurst + LIVE_LIMITS.picksPerSecond,
  );
});
