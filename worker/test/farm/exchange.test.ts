import {
  type Assignment,
  completeSettings,
  type ExchangeAnswer,
  type FrameResult,
  KilnError,
  newId,
} from '@kiln/shared';
import { expect, it } from 'vitest';
import { Exchange } from '../../src/farm/exchange.ts';

const LIMITS = { claims: 4, frames: 3, frameBytes: 1_000, bodyBytes: 1_000_000 };
const never = () => new AbortController().signal;

const idOf = (kind: Parameters<typeof newId>[0]) => newId(kind, (bytes) => crypto.getRandomValues(bytes));
const key = () => ({ attemptId: idOf('attempt'), leaseToken: 'token' });
type Key = ReturnType<typeof key>;

interface Sent {
  readonly claims: readonly Key[];
  readonly frames: readonly (Key & { readonly result: FrameResult })[];
  readonly bytes: string;
  answer(change?: (answer: ExchangeAnswer) => ExchangeAnswer): void;
  fail(error: unknown): void;
}

const scene = { sceneHash: 'a'.repeat(64), entry: 'scene.glb', files: [] };

function assignmentOf({ attemptId }: Key): Omit<Assignment, 'scene'> {
  const settings = completeSettings({ frames: '1', size: { widthPx: 1, heightPx: 1 } });
  const ids = { attemptId, taskId: idOf('task'), tenantId: idOf('tenant') };
  return { ...ids, leaseMs: 1, timeoutMs: 1, work: { kind: 'render', settings, frames: [1] } };
}

/** An exchange whose requests the test answers. */
function opened(limits = LIMITS) {
  const sent: Sent[] = [];
  const exchange = new Exchange(limits, (body) => {
    const buffer = Buffer.from(body);
    const end = 4 + buffer.readUInt32LE(0);
    const { claims, frames } = JSON.parse(buffer.toString('utf8', 4, end));
    return new Promise((resolve, reject) => {
      const whole: ExchangeAnswer = {
        scenes: [scene],
        claims: claims.map((claim: Key) => ({ assignment: assignmentOf(claim), sceneIndex: 0 })),
        frames: frames.map(() => ({ taskDone: true })),
      };
      const answer: Sent['answer'] = (change = (same) => same) => resolve(change(whole));
      sent.push({ claims, frames, bytes: buffer.toString('utf8', end), answer, fail: reject });
    });
  });
  const request = async (place: number): Promise<Sent> => {
    await expect.poll(() => sent.length, { timeout: 30_000 }).toBeGreaterThan(place);
    const one = sent[place];
    if (!one) throw new Error('a request was expected');
    return one;
  };
  return { exchange, sent, request };
}

const sendFrame = (exchange: Exchange, text: string, signal = never()) => {
  const stage = { startedAtMs: 0, durationMs: 0 };
  const stages = { draw: stage, encode: stage };
  const result = { sha256: 'b'.repeat(64), sizeBytes: text.length, stages, statistics: null };
  return exchange.frame({ ...key(), frameNumber: 1, mediaType: 'image/png', result }, Buffer.from(text), signal);
};

it('[WK24] sends a lone claim by itself, and what comes meanwhile together', async () => {
  const { exchange, request } = opened();
  const [first, second] = [key(), key()];
  const claimed = exchange.claim(first, never());
  const one = await request(0);
  expect(one.claims).toEqual([first]);
  const later = Promise.all([exchange.claim(second, never()), sendFrame(exchange, 'abc'), sendFrame(exchange, 'de')]);
  one.answer();
  expect(await claimed).toMatchObject({ attemptId: first.attemptId, scene });
  const two = await request(1);
  expect([two.claims, two.frames.length, two.bytes]).toEqual([[second], 2, 'abcde']);
  two.answer();
  expect(await later).toMatchObject([{ attemptId: second.attemptId }, { taskDone: true }, { taskDone: true }]);
});

it('[WK24] what comes in the same turn goes together', async () => {
  const { exchange, request } = opened();
  const keys = [key(), key(), key()];
  const claimed = Promise.all(keys.map((one) => exchange.claim(one, never())));
  const one = await request(0);
  expect(one.claims).toEqual(keys);
  one.answer();
  await claimed;
});

it('does not wait for ever for an answer before its own', async () => {
  const { exchange, request } = opened();
  const first = exchange.claim(key(), never());
  const stuck = await request(0);
  const second = exchange.claim(key(), never());
  (await request(1)).answer();
  await second;
  stuck.answer();
  await first;
});

it('keeps to what the server takes in one request', async () => {
  const { exchange, sent, request } = opened();
  const claims = Promise.all(Array.from({ length: 9 }, () => exchange.claim(key(), never())));
  const frames = Promise.all(Array.from({ length: 4 }, () => sendFrame(exchange, 'x')));
  const all = Promise.all([claims, frames]).then(() => true);
  for (let place = 0, answered = 0; answered < 13; place++) {
    const one = await request(place);
    answered += one.claims.length + one.frames.length;
    one.answer();
  }
  expect(await all).toBe(true);
  for (const { claims: some, frames: others } of sent) {
    expect(some.length).toBeLessThanOrEqual(LIMITS.claims);
    expect(others.length).toBeLessThanOrEqual(LIMITS.frames);
  }
  expect(exchange.takes(LIMITS.frameBytes)).toBe(true);
  expect(exchange.takes(LIMITS.frameBytes + 1)).toBe(false);
});

it('[WK24] an item that is refused fails alone', async () => {
  const { exchange, request } = opened();
  const claims = Promise.allSettled([exchange.claim(key(), never()), exchange.claim(key(), never())]);
  const frames = Promise.allSettled([sendFrame(exchange, 'a'), sendFrame(exchange, 'b')]);
  const error = { code: 'attempt.stale', message: 'late', retryable: false, requestId: 'r' };
  (await request(0)).answer((answer) => ({
    ...answer,
    claims: answer.claims.map((claim, place) => (place === 0 ? { error } : claim)),
    frames: answer.frames.map((frame, place) => (place === 1 ? { error } : frame)),
  }));
  expect(await claims).toMatchObject([{ reason: { code: 'attempt.stale' } }, { status: 'fulfilled' }]);
  expect(await frames).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'attempt.stale' } }]);
});

it('sends what was refused as a whole one by one, and tells each what fails for all', async () => {
  const { exchange, sent, request } = opened();
  const claims = Promise.allSettled([exchange.claim(key(), never()), exchange.claim(key(), never())]);
  (await request(0)).fail(new KilnError('request.invalid', 'one of them'));
  (await request(1)).fail(new KilnError('request.invalid', 'this one'));
  (await request(2)).answer();
  expect(await claims).toMatchObject([{ reason: { message: 'this one' } }, { status: 'fulfilled' }]);

  const more = Promise.allSettled([exchange.claim(key(), never()), exchange.claim(key(), never())]);
  (await request(3)).fail(new KilnError('worker.unknown', 'register again'));
  expect(await more).toMatchObject([{ reason: { code: 'worker.unknown' } }, { reason: { code: 'worker.unknown' } }]);
  expect(sent).toHaveLength(4);
});

it('gives up what its attempt does not want any more, and the others go on', async () => {
  const { exchange, request } = opened();
  const first = exchange.claim(key(), never());
  const one = await request(0);
  const over = new AbortController();
  const dropped = exchange.claim(key(), over.signal);
  const kept = key();
  const claimed = exchange.claim(kept, never());
  over.abort(new KilnError('attempt.stale', 'stopped'));
  await expect(dropped).rejects.toMatchObject({ code: 'attempt.stale' });
  await expect(exchange.claim(key(), over.signal)).rejects.toMatchObject({ code: 'attempt.stale' });
  one.answer();
  await first;
  const two = await request(1);
  expect(two.claims).toEqual([kept]);
  two.answer();
  expect(await claimed).toMatchObject({ attemptId: kept.attemptId });
});

it('takes no answer that leaves something out', async () => {
  const { exchange, request } = opened();
  const claims = Promise.allSettled([exchange.claim(key(), never()), exchange.claim(key(), never())]);
  (await request(0)).answer(({ claims: [first], ...answer }) => ({ ...answer, claims: first ? [first] : [] }));
  expect(await claims).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'client.bad_answer' } }]);
});
