import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EVENTS_ALIVE_MS } from '../../src/schemas/event.ts';
import { EventFarm } from './event-farm.ts';
import { JOB_ID, jobEvent, SCENE_ID } from './samples.ts';

let farm: EventFarm;
beforeEach(async () => {
  farm = new EventFarm();
  await farm.start();
});
afterEach(() => farm.stop());

const welcome = (cursor: number, missed?: boolean) => ({
  type: 'welcome',
  protocol: 1,
  cursor,
  ...(missed === undefined ? {} : { missed }),
});

describe('the event stream', () => {
  it('[EV1] begins with a hello, and hands on the events that come after the welcome', async () => {
    const client = farm.open();
    const visit = await farm.visit();
    expect(visit.request.url).toBe('/api/v1/events');
    expect(visit.hello).toEqual({ type: 'hello', protocols: [1] });
    expect(client.connection.lastId).toBeUndefined();
    visit.send(welcome(4));
    visit.send(jobEvent(6));
    visit.send(jobEvent(9));
    await client.received(2);
    expect(client.events).toEqual([jobEvent(6), jobEvent(9)]);
    expect(client.connection.lastId).toBe(9);
    expect(client.states).toEqual([{ state: 'connecting' }, { state: 'live', missed: false }]);
  });

  it('[EV3] asks for what concerns one job or scene', async () => {
    farm.open({ jobId: JOB_ID, sceneId: SCENE_ID, after: 0 });
    expect((await farm.visit()).hello).toEqual({
      type: 'hello',
      protocols: [1],
      after: 0,
      jobId: JOB_ID,
      sceneId: SCENE_ID,
    });
  });

  it('[WS1] sends its key as a header, and none without', async () => {
    farm.open({ apiKey: 'kiln_secret' });
    expect((await farm.visit()).request.headers.authorization).toBe('Bearer kiln_secret');
    farm.open();
    expect((await farm.visit()).request.headers).not.toHaveProperty('authorization');
  });

  it('[EV4] takes no event twice', async () => {
    const client = farm.open();
    const visit = await farm.visit();
    visit.send(welcome(5));
    for (const id of [5, 6, 6, 4, 7]) visit.send(jobEvent(id));
    await client.received(2);
    expect(client.events.map(({ id }) => id)).toEqual([6, 7]);
  });

  it('[EV5] comes back after the last event that it saw', async () => {
    const client = farm.open();
    const first = await farm.visit();
    first.send(welcome(5));
    first.send(jobEvent(8));
    await client.received(1);
    first.socket.terminate();
    await expect(client.reached('waiting')).resolves.toMatchObject({
      retryInMs: 250,
      error: { code: 'client.unreachable' },
    });
    client.timers.advance(249);
    expect(client.state?.state).toBe('waiting');
    client.timers.advance(1);
    const second = await farm.visit();
    expect(second.hello.after).toBe(8);
    second.send(welcome(9));
    second.send(jobEvent(9));
    await client.received(2);
    expect(client.events.map(({ id }) => id)).toEqual([8, 9]);
  });

  it('[EV5] comes back to where it began when it saw nothing', async () => {
    const client = farm.open();
    const first = await farm.visit();
    first.send(welcome(5));
    await client.reached('live');
    first.socket.close(1012);
    await client.reached('waiting');
    client.timers.advance(250);
    expect((await farm.visit()).hello.after).toBe(5);
  });

  it('[EV5] says when events were missed', async () => {
    const client = farm.open({ after: 3 });
    (await farm.visit()).send(welcome(900, true));
    await expect(client.reached('live')).resolves.toEqual({ state: 'live', missed: true });
    expect(client.connection.lastId).toBe(3);
  });

  it('[EV5] begins anew when the farm’s history did', async () => {
    const client = farm.open({ after: 70 });
    const visit = await farm.visit();
    visit.send(welcome(2));
    await expect(client.reached('live')).resolves.toEqual({ state: 'live', missed: true });
    visit.send(jobEvent(3));
    await client.received(1);
    expect(client.connection.lastId).toBe(3);
  });

  it('[WS5] passes over messages that it does not know', async () => {
    const client = farm.open();
    const visit = await farm.visit();
    visit.send(welcome(1));
    visit.send({ type: 'weather', id: 2, at: 'now', data: {} });
    visit.send(jobEvent(3));
    await client.received(1);
    expect(client.states.map(({ state }) => state)).toEqual(['connecting', 'live']);
  });

  it.each(['no json', '[]', '7', '{"type":"job","id":"x"}', '{"id":3}'])(
    'connects again after %s, which breaks the schema',
    async (text) => {
      const client = farm.open();
      const visit = await farm.visit();
      visit.send(welcome(1));
      visit.socket.send(text);
      await expect(client.reached('waiting')).resolves.toMatchObject({ error: { code: 'client.bad_answer' } });
    },
  );

  it('[WS8] waits twice as long after each failure, up to ten seconds', async () => {
    const client = farm.open();
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      (await farm.visit()).socket.terminate();
      const { retryInMs } = await client.reached('waiting');
      waits.push(retryInMs);
      client.timers.advance(retryInMs);
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it('[WS8] a random half of the wait spreads the clients of a server that restarts', async () => {
    const client = farm.open({ random: () => 0 });
    (await farm.visit()).socket.terminate();
    expect((await client.reached('waiting')).retryInMs).toBe(125);
  });

  it('[WS8] a welcome alone does not reset the wait, ten seconds after it do', async () => {
    const client = farm.open();
    const failAfter = async (goodMs: number) => {
      const visit = await farm.visit();
      visit.send(welcome(1));
      await client.reached('live');
      client.timers.advance(goodMs);
      visit.socket.terminate();
      const { retryInMs } = await client.reached('waiting');
      client.timers.advance(retryInMs);
      return retryInMs;
    };
    expect(await failAfter(0)).toBe(250);
    expect(await failAfter(9_999)).toBe(500);
    expect(await failAfter(10_000)).toBe(250);
  });

  it('[EV8] gives a silent server up, once it has seen that this one sends `alive`', async () => {
    const client = farm.open();
    const visit = await farm.visit();
    visit.send(welcome(1));
    await client.reached('live');
    client.timers.advance(10 * EVENTS_ALIVE_MS);
    expect(client.state?.state).toBe('live');
    visit.send({ type: 'alive', cursor: 40 });
    visit.send(jobEvent(41));
    await client.received(1);
    client.timers.advance(3 * EVENTS_ALIVE_MS - 1);
    expect(client.state?.state).toBe('live');
    client.timers.advance(1);
    expect(client.state).toMatchObject({ state: 'waiting', error: { code: 'client.unreachable' } });
  });

  it('[EV8] comes back after the cursor of `alive`', async () => {
    const client = farm.open();
    const visit = await farm.visit();
    visit.send(welcome(1));
    visit.send({ type: 'alive', cursor: 40 });
    await client.reached('live');
    visit.socket.close();
    await client.reached('waiting');
    client.timers.advance(10_000);
    expect((await farm.visit()).hello.after).toBe(40);
  });

  it('gives up a server that takes the connection and says nothing', async () => {
    const client = farm.open();
    await farm.visit();
    client.timers.advance(30_000);
    expect(client.state).toMatchObject({ state: 'waiting', error: { code: 'client.unreachable' } });
  });

  it.each([
    [4401, 'identity.missing', 'identity.missing'],
    [4404, 'resource.not_found', 'resource.not_found'],
    [4426, 'protocol.version', 'protocol.version'],
    [4401, '', 'identity.missing'],
    [1009, '', 'protocol.too_large'],
  ])('[WS6] ends for good when closed with %d %s', async (close, reason, code) => {
    const client = farm.open();
    (await farm.visit()).socket.close(close, reason);
    await expect(client.reached('closed')).resolves.toMatchObject({ error: { code } });
    expect(client.timers.due).toEqual([]);
  });

  it.each([
    [4505, 'live.slow_consumer', 'live.slow_consumer'],
    [1012, '', 'server.draining'],
    [1011, 'server.internal', 'server.internal'],
    [4503, 'storage.unavailable', 'storage.unavailable'],
    [1000, '', 'client.unreachable'],
    [4999, 'words', 'client.unreachable'],
  ])('[WS6] comes back when closed with %d %s', async (close, reason, code) => {
    const client = farm.open();
    (await farm.visit()).socket.close(close, reason);
    await expect(client.reached('waiting')).resolves.toMatchObject({ error: { code } });
  });

  it('[WS1] ends for good when Host or Origin are refused, comes back from a server that is not ready', async () => {
    farm.refuseWith = 421;
    await expect(farm.open().reached('closed')).resolves.toMatchObject({ error: { code: 'request.foreign_host' } });
    farm.refuseWith = 503;
    await expect(farm.open().reached('waiting')).resolves.toMatchObject({ error: { retryable: true } });
  });

  it('comes back when nothing listens', async () => {
    const { url } = farm;
    await farm.stop();
    await expect(farm.open({ url }).reached('waiting')).resolves.toMatchObject({
      error: { code: 'client.unreachable', message: expect.stringContaining('ECONNREFUSED') },
    });
    await farm.start();
  });

  it('says nothing more once it is closed', async () => {
    const client = farm.open();
    const visit = await farm.visit();
    visit.send(welcome(1));
    await client.reached('live');
    const gone = new Promise((resolve) => visit.socket.once('close', resolve));
    visit.send(jobEvent(2));
    client.connection.close();
    client.connection.close();
    await gone;
    expect(client.states.map(({ state }) => state)).toEqual(['connecting', 'live', 'closed']);
    expect(client.state).toEqual({ state: 'closed', error: null });
    expect(client.events).toEqual([]);
    expect(client.timers.due).toEqual([]);
  });

  it('can be closed while it connects and while it waits', async () => {
    const connecting = farm.open();
    connecting.connection.close();
    expect(connecting.state).toEqual({ state: 'closed', error: null });
    const waiting = farm.open();
    (await farm.visit()).socket.terminate();
    await waiting.reached('waiting');
    waiting.connection.close();
    expect(waiting.timers.due).toEqual([]);
  });
});
