import { describe, expect, it } from 'vitest';
import { type LiveState, type LiveStateEvent, nextLiveState } from '../../src/live/session-state.ts';

const server = (state: 'finding-worker' | 'loading-scene' | 'live' | 'worker-lost', progress: number | null = null) =>
  ({ type: 'server', message: { type: 'state', state, message: 'as told', progress } }) as const;

const after = (...events: LiveStateEvent[]) =>
  events.reduce<LiveState>((state, event) => nextLiveState(state, event), { phase: 'closed' });

describe('nextLiveState', () => {
  it('goes from connecting over finding and loading to a painted picture', () => {
    expect(after({ type: 'opening' })).toEqual({ phase: 'connecting' });
    expect(after({ type: 'opening' }, server('finding-worker'))).toEqual({
      phase: 'finding-worker',
      message: 'as told',
    });
    expect(after(server('loading-scene', 0.4))).toEqual({ phase: 'loading', message: 'as told', progress: 0.4 });
    expect(after(server('live'))).toEqual({ phase: 'live', painted: false });
    expect(after(server('live'), { type: 'painted' })).toEqual({ phase: 'live', painted: true });
  });

  it('stays reconnecting, not connecting, until the server answers', () => {
    const lost = { type: 'lost', retryInMs: 500, code: 'client.unreachable', message: 'gone' } as const;
    expect(after(lost, { type: 'opening' })).toEqual({
      ...{ phase: 'reconnecting', retryInMs: 500, code: 'client.unreachable', message: 'gone' },
    });
    expect(after(lost, { type: 'opening' }, server('finding-worker')).phase).toBe('finding-worker');
  });

  it('is the same object while nothing changes', () => {
    const live = after(server('live'), { type: 'painted' });
    expect(nextLiveState(live, { type: 'painted' })).toBe(live);
    expect(nextLiveState(live, server('live'))).toBe(live);
  });

  it('is live again with the first picture after the worker was lost', () => {
    expect(after(server('live'), { type: 'painted' }, server('worker-lost'), server('live'))).toEqual({
      phase: 'live',
      painted: false,
    });
  });
});
