import {
  LIMITS,
  type LiveView,
  matches,
  newId,
  type PickedSurface,
  type ServerMessage,
  type ViewerHello,
  ViewerMessage,
} from '@kiln/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { VIEWER_LIMITS } from '../../src/limits.ts';
import { LiveConnection, type LiveSocket } from '../../src/live/live-connection.ts';
import { createResumeStore, type KeyValueStorage } from '../../src/live/resume-store.ts';
import { FakeTimers } from './fake-timers.ts';

const SCENE = newId('scene', (bytes) => bytes);
const SESSION = newId('session', (bytes) => bytes);
const VIEW: LiveView = {
  samples: 1,
  clip: null,
  fps: 24,
  toneMapping: 'neutral',
  exposureEv: 0,
  background: 'neutral',
  size: { widthPx: 640, heightPx: 360 },
  frameNumber: 0,
};

const POINT = { input: 1, x: 0.5, y: 0.25 };
const SURFACE: PickedSurface = {
  ...{ node: { name: 'Box', pointer: '/nodes/0' }, material: null, position: [1, 2, 3], normal: [0, 1, 0] },
};

class FakeSocket implements LiveSocket {
  binaryType = 'blob';
  bufferedAmount = 0;
  readyState = 0;
  readonly sent: unknown[] = [];
  closedByViewer = false;
  #listeners: { readonly type: string; readonly listener: (event: never) => void }[] = [];

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.push({ type, listener });
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(): void {
    this.closedByViewer = true;
  }

  #dispatch(type: string, event: object): void {
    // The fake's listeners take what the fake dispatches to them.
    for (const entry of this.#listeners) if (entry.type === type) (entry.listener as (event: object) => void)(event);
  }

  opens(): void {
    this.#dispatch('open', {});
  }

  says(message: object): void {
    this.#dispatch('message', { data: JSON.stringify(message) });
  }

  sends(bytes: ArrayBuffer): void {
    this.#dispatch('message', { data: bytes });
  }

  closes(code: number, reason = ''): void {
    this.#dispatch('close', { code, reason });
  }

  welcomes(token: string, resumed = false): void {
    this.opens();
    this.says({
      type: 'welcome',
      protocol: 1,
      sessionId: SESSION,
      resumeToken: token,
      leaseMs: 20_000,
      resumed,
    } satisfies ServerMessage);
  }
}

class MapStorage implements KeyValueStorage {
  readonly #map = new Map<string, string>();
  getItem = (key: string) => this.#map.get(key) ?? null;
  setItem = (key: string, value: string) => void this.#map.set(key, value);
  removeItem = (key: string) => void this.#map.delete(key);
}

class Bench {
  readonly timers = new FakeTimers();
  readonly sockets: FakeSocket[] = [];
  readonly log: string[] = [];
  readonly messages: ServerMessage[] = [];
  readonly pictures: number[] = [];
  /** What the browser says instead of opening a socket. */
  refusal: Error | null = null;
  /** What the last welcome said. */
  joined: boolean | null = null;
  readonly storage: KeyValueStorage;

  readonly connection: LiveConnection;

  /** @param join a session of somebody else, to watch it. */
  constructor(storage: KeyValueStorage = new MapStorage(), join?: string) {
    this.storage = storage;
    this.connection = new LiveConnection({
      sceneId: SCENE,
      ...(join !== undefined && { join }),
      openSocket: () => {
        if (this.refusal) throw this.refusal;
        const socket = new FakeSocket();
        this.sockets.push(socket);
        return socket;
      },
      timers: this.timers,
      random: () => 1,
      resumeStore: createResumeStore(storage),
      view: () => VIEW,
      events: {
        opening: () => this.log.push('opening'),
        welcome: ({ resumed, joined }) => {
          this.log.push(resumed ? 'resumed' : 'welcome');
          this.joined = joined;
        },
        message: (message) => this.messages.push(message),
        picture: (bytes) => this.pictures.push(bytes.length),
        lost: (retryInMs, code, message) => this.log.push(`lost ${retryInMs} ${code} ${message}`),
        failed: (code, message) => this.log.push(`failed ${code} ${message}`),
        ended: (reason) => this.log.push(`ended ${reason}`),
      },
    });
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('no socket');
    return socket;
  }

  get hello(): ViewerHello {
    // What the connection sends first is its hello; the tests look at its fields.
    return this.socket.sent[0] as ViewerHello;
  }
}

describe('LiveConnection', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
    bench.connection.open();
  });

  it('[LV1] says hello with scene, view and codecs, and is ready when it is welcomed', () => {
    bench.socket.opens();
    expect(bench.hello).toEqual({
      type: 'hello',
      protocols: [1],
      sceneId: SCENE,
      view: VIEW,
      codecs: ['jpeg', 'webp', 'png'],
    });
    expect(bench.socket.binaryType).toBe('arraybuffer');
    bench.connection.send({ type: 'bye' });
    expect(bench.socket.sent).toHaveLength(1);
    expect(bench.connection.ready).toBe(false);
    bench.socket.welcomes('t1');
    expect(bench.connection.ready).toBe(true);
    expect(bench.log).toEqual(['opening', 'welcome']);
  });

  it('[LV13] comes back after a loss with session and token', () => {
    bench.socket.welcomes('t1');
    bench.socket.closes(1006);
    expect(bench.connection.ready).toBe(false);
    bench.timers.pass(249);
    expect(bench.sockets).toHaveLength(1);
    bench.timers.pass(1);
    expect(bench.sockets).toHaveLength(2);
    bench.socket.opens();
    expect(bench.hello.resume).toEqual({ sessionId: SESSION, token: 't1' });
    bench.socket.welcomes('t2', true);
    expect(bench.log.at(-1)).toBe('resumed');
  });

  it('fails where the browser opens no socket, at first and when it comes back, and opens when it is asked again', () => {
    bench.socket.welcomes('t1');
    bench.refusal = new Error('insecure');
    bench.socket.closes(1006);
    bench.timers.pass(250);
    const failed = 'failed client.unreachable The browser opens no connection to the farm: insecure';
    expect(bench.log.at(-1)).toBe(failed);
    bench.connection.open();
    expect(bench.log.slice(-2)).toEqual(['opening', failed]);
    bench.refusal = null;
    bench.connection.open();
    bench.socket.welcomes('t2');
    expect(bench.log.at(-1)).toBe('welcome');
  });

  it('[LV13] a reloaded page resumes with the newest token', () => {
    bench.socket.welcomes('t1');
    bench.socket.closes(1006);
    bench.timers.pass(250);
    bench.socket.welcomes('t2', true);
    const reloaded = new Bench(bench.storage);
    reloaded.connection.open();
    reloaded.socket.opens();
    expect(reloaded.hello.resume).toEqual({ sessionId: SESSION, token: 't2' });
  });

  it('[WS8] waits twice as long each time, at most 10 s, and starts again after ten good seconds', () => {
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      bench.socket.closes(1006);
      waits.push(Number(bench.log.at(-1)?.split(' ')[1]));
      bench.timers.pass(10_000);
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    bench.socket.welcomes('t1');
    bench.timers.pass(9_999);
    bench.socket.closes(1006);
    expect(bench.log.at(-1)).toMatch(/^lost 10000/);
    bench.timers.pass(10_000);
    bench.socket.welcomes('t2');
    bench.timers.pass(10_000);
    bench.socket.closes(1006);
    expect(bench.log.at(-1)).toMatch(/^lost 250/);
  });

  it('[WS8] a person who asks ends the wait', () => {
    bench.socket.closes(1006);
    bench.connection.open();
    expect(bench.sockets).toHaveLength(2);
    bench.timers.pass(60_000);
    expect(bench.sockets).toHaveLength(2);
  });

  it('[WS6] stays away after an error that trying again cannot help, and comes back after one that it can', () => {
    bench.socket.opens();
    bench.socket.says({ type: 'error', code: 'scene.refused', message: 'The scene was refused.', fatal: true });
    bench.socket.closes(4422, 'scene.refused');
    expect(bench.log.at(-1)).toBe('failed scene.refused The scene was refused.');
    expect(bench.timers.waiting).toBe(0);

    bench.connection.open();
    bench.socket.opens();
    bench.socket.says({ type: 'error', code: 'live.no_worker', message: 'No room.', fatal: true });
    bench.socket.closes(4503, 'live.no_worker');
    expect(bench.log.at(-1)).toBe('lost 250 live.no_worker No room.');
  });

  it('[WS6] reads the reason of a close without a message', () => {
    bench.socket.closes(4401, 'identity.missing');
    expect(bench.log.at(-1)).toMatch(/^failed identity\.missing/);
    bench.connection.open();
    bench.socket.closes(1012);
    expect(bench.log.at(-1)).toMatch(/^lost/);
  });

  it('[LV14] leaves the session to the viewer that took it over, and begins a new one when asked', () => {
    bench.socket.welcomes('t1');
    bench.socket.closes(4409, 'resource.conflict');
    expect(bench.log.at(-1)).toMatch(/^failed resource\.conflict/);
    bench.connection.open();
    bench.socket.opens();
    expect(bench.hello.resume).toBeUndefined();
  });

  it('begins a new session when the old one is gone', () => {
    bench.socket.welcomes('t1');
    bench.socket.closes(4404, 'live.session_gone');
    bench.timers.pass(250);
    bench.socket.opens();
    expect(bench.hello.resume).toBeUndefined();
  });

  it('[LV15] does not come back by itself after `ended`', () => {
    bench.socket.welcomes('t1');
    bench.socket.says({ type: 'ended', reason: 'nobody came back' });
    expect(bench.log.at(-1)).toBe('ended nobody came back');
    bench.timers.pass(60_000);
    expect(bench.sockets).toHaveLength(1);
    bench.connection.open();
    bench.socket.opens();
    expect(bench.hello.resume).toBeUndefined();
  });

  it('[LV15] says bye when the session is to end, and nothing when only the page goes', () => {
    bench.socket.welcomes('t1');
    bench.connection.close(false);
    expect(bench.socket.sent).toHaveLength(1);
    bench.connection.open();
    bench.socket.welcomes('t2', true);
    bench.connection.close(true);
    expect(bench.socket.sent.at(-1)).toEqual({ type: 'bye' });
    expect(bench.socket.closedByViewer).toBe(true);
    expect(bench.timers.waiting).toBe(0);
    bench.connection.open();
    bench.socket.opens();
    expect(bench.hello.resume).toBeUndefined();
  });

  describe('[LV15] a page that goes for a while', () => {
    const seat = (id: number) => ({
      ...{ id, label: '', owner: id === 1, mayDrive: true, asks: false, away: false },
    });
    const says = (...seats: number[]) =>
      bench.socket.says({
        ...{ type: 'viewers', you: 1, driver: 1, mayTake: false, input: 0, viewers: seats.map(seat) },
      } satisfies ServerMessage);
    const comesBack = () => {
      bench.connection.open();
      bench.socket.opens();
      return bench.hello;
    };

    it('ends a session that nobody else is in', () => {
      bench.socket.welcomes('t1');
      says(1, 2);
      says(1);
      bench.connection.leave();
      expect(bench.socket.sent.at(-1)).toEqual({ type: 'bye' });
      expect(comesBack()).not.toHaveProperty('resume');
      expect(bench.hello).not.toHaveProperty('join');
    });

    it('leaves a session to others, and is back in it; [LV31] too late to resume it, as one who joins', () => {
      bench.socket.welcomes('t1');
      says(1, 2);
      bench.connection.leave();
      expect(bench.socket.sent).toHaveLength(1);
      expect(bench.socket.closedByViewer).toBe(true);
      expect(comesBack()).toMatchObject({
        ...{ resume: { sessionId: SESSION, token: 't1' }, join: { sessionId: SESSION } },
      });
      bench.socket.welcomes('t2', true);
      expect(bench.joined).toBe(false);
      bench.connection.leave();
      expect(comesBack()).toMatchObject({ resume: { token: 't2' } });
      bench.socket.welcomes('t3', false);
      expect(bench.joined).toBe(true);
    });

    it('has a new session where the others have left the old one', () => {
      bench.socket.welcomes('t1');
      says(1, 2);
      bench.connection.leave();
      comesBack();
      bench.socket.closes(4404, 'resource.not_found');
      bench.timers.pass(250);
      bench.socket.opens();
      expect(bench.hello).not.toHaveProperty('resume');
      expect(bench.hello).not.toHaveProperty('join');
      bench.socket.welcomes('t2');
      expect(bench.joined).toBe(false);
    });
  });

  it('hears nothing from a socket that it has given up', () => {
    const [old] = bench.sockets;
    bench.connection.drop('The network is gone.');
    bench.timers.pass(250);
    bench.socket.welcomes('t1');
    const before = bench.log.length;
    old?.welcomes('t0');
    old?.sends(new ArrayBuffer(8));
    old?.closes(1006);
    expect(bench.log).toHaveLength(before);
    expect(bench.pictures).toEqual([]);
  });

  it('hands on pictures and messages, and [WS5] ignores what it does not know', () => {
    bench.socket.welcomes('t1');
    bench.socket.sends(new ArrayBuffer(200));
    bench.socket.says({ type: 'state', state: 'live', message: '', progress: null });
    bench.socket.says({ type: 'weather', sky: 'blue' });
    bench.socket.says({ type: 'error', code: 'render.failed', message: 'One picture failed.', fatal: false });
    expect(bench.pictures).toEqual([200]);
    expect(bench.messages.map(({ type }) => type)).toEqual(['state', 'error']);
  });

  it('[LV1] takes nothing before it is welcomed but why it is not', () => {
    bench.socket.opens();
    bench.socket.sends(new ArrayBuffer(200));
    bench.socket.says({ type: 'state', state: 'live', message: '', progress: null });
    expect([bench.pictures, bench.messages]).toEqual([[], []]);
    bench.socket.says({ type: 'error', code: 'scene.refused', message: 'No such scene.', fatal: true });
    bench.socket.closes(4422);
    expect(bench.log.at(-1)).toBe('failed scene.refused No such scene.');
  });

  it('[WS8] gives up a farm that takes the hello and says nothing, and comes back', () => {
    bench.socket.opens();
    bench.timers.pass(VIEWER_LIMITS.welcomeMs);
    expect(bench.socket.closedByViewer).toBe(true);
    expect(bench.log.at(-1)).toBe('lost 250 client.unreachable The farm does not answer.');
    bench.timers.pass(250);
    bench.socket.welcomes('t1');
    bench.timers.pass(10 * VIEWER_LIMITS.welcomeMs);
    expect(bench.sockets).toHaveLength(2);
    expect(bench.connection.ready).toBe(true);
  });

  it('[LV44] gives up a farm that was alive and says nothing for three spans, and resumes', () => {
    expect(3 * LIMITS.liveAliveMs).toBe(30_000);
    bench.socket.welcomes('t1');
    bench.socket.says({ type: 'alive' } satisfies ServerMessage);
    bench.timers.pass(29_000);
    // Whatever comes is a sign of life.
    bench.socket.sends(new ArrayBuffer(200));
    bench.timers.pass(29_000);
    bench.socket.says({ type: 'alive' } satisfies ServerMessage);
    bench.timers.pass(29_999);
    expect(bench.connection.ready).toBe(true);
    bench.timers.pass(1);
    expect(bench.socket.closedByViewer).toBe(true);
    expect(bench.log.at(-1)).toBe('lost 250 client.unreachable Nothing comes from the farm any more.');
    bench.timers.pass(250);
    bench.socket.opens();
    expect(bench.hello.resume).toEqual({ sessionId: SESSION, token: 't1' });
    bench.socket.welcomes('t2', true);
    // This one has not said that it is alive: a server of before.
    bench.timers.pass(600_000);
    expect(bench.sockets).toHaveLength(2);
    expect(bench.messages).toEqual([]);
    bench.socket.says({ type: 'alive' } satisfies ServerMessage);
    bench.connection.close(false);
    expect(bench.timers.waiting).toBe(0);
  });

  describe('[LV3] poses and views of a socket that has not taken what went before', () => {
    const pose = (input: number, moving = true): ViewerMessage => ({
      ...{ type: 'pose', input, pose: { position: [input, 0, 0], quaternion: [0, 0, 0, 1], fovDeg: 40 }, moving },
    });
    const view = (input: number): ViewerMessage => ({ type: 'view', input, view: { ...VIEW, frameNumber: input } });
    const ack: ViewerMessage = { type: 'ack', picture: 1, decodeMs: 1, uploadMs: 1 };
    const sent = () => bench.socket.sent.slice(1);
    beforeEach(() => {
      bench.socket.welcomes('t1');
      bench.socket.bufferedAmount = VIEWER_LIMITS.inputBufferBytes + 1;
    });

    it('wait, the newest of each, and go in their order as soon as there is room', () => {
      for (const message of [pose(1), view(2), pose(3), view(4), pose(5, false)]) bench.connection.send(message);
      bench.timers.pass(5_000);
      expect(sent()).toEqual([]);
      bench.socket.bufferedAmount = VIEWER_LIMITS.inputBufferBytes;
      bench.timers.pass(VIEWER_LIMITS.inputLookMs);
      expect(sent()).toEqual([view(4), pose(5, false)]);
      bench.connection.send(pose(6));
      expect(sent().at(-1)).toEqual(pose(6));
      expect(bench.timers.waiting).toBe(0);
    });

    it('go with the next one that finds room, before it', () => {
      for (const message of [view(1), pose(2)]) bench.connection.send(message);
      bench.socket.bufferedAmount = 0;
      bench.connection.send(pose(3));
      expect(sent()).toEqual([view(1), pose(3)]);
      bench.timers.pass(5_000);
      expect(sent()).toHaveLength(2);
    });

    it('hold up nothing else, and are not overtaken by the camera being given away', () => {
      bench.connection.send(pose(1));
      bench.connection.send(ack);
      expect(sent()).toEqual([ack]);
      bench.connection.send({ type: 'camera', action: 'release' });
      expect(sent()).toEqual([ack, pose(1), { type: 'camera', action: 'release' }]);
      bench.timers.pass(5_000);
      expect(sent()).toHaveLength(3);
    });

    it('are forgotten with their socket: the next hello says what is shown', () => {
      bench.connection.send(pose(1));
      bench.connection.drop('The network is gone.');
      bench.timers.pass(250);
      bench.socket.welcomes('t2', true);
      bench.timers.pass(5_000);
      expect(sent()).toEqual([]);
    });
  });

  it('[WS3] fails where the farm names a version that was not asked for', () => {
    bench.socket.opens();
    bench.socket.says({
      ...{ type: 'welcome', protocol: 99, sessionId: SESSION, resumeToken: 't', leaseMs: 1, resumed: false },
    });
    expect(bench.socket.closedByViewer).toBe(true);
    expect(bench.log.at(-1)).toMatch(/^failed protocol.version .*99/);
    expect(bench.timers.waiting).toBe(0);
  });

  it('[WS4] gives up a farm whose message is above the limit, not at it', () => {
    bench.socket.welcomes('t1');
    const state = { type: 'state', state: 'live', message: '', progress: null };
    const longest = LIMITS.liveSceneBytes - JSON.stringify(state).length;
    bench.socket.says({ ...state, message: 'x'.repeat(longest) });
    expect(bench.messages).toHaveLength(1);
    bench.socket.says({ ...state, message: 'x'.repeat(longest + 1) });
    expect(bench.messages).toHaveLength(1);
    expect(bench.log.at(-1)).toMatch(/^lost 250 .*too large/);
  });

  it('[LV13] keeps no resume token that no farm would take back', () => {
    bench.socket.welcomes('x'.repeat(201));
    expect(bench.connection.ready).toBe(false);
    bench.socket.closes(1006);
    bench.timers.pass(250);
    bench.socket.opens();
    expect(bench.hello.resume).toBeUndefined();
  });

  it('works where there is no storage', () => {
    const forbidden = () => {
      throw new Error('forbidden');
    };
    const bare = new Bench({ getItem: forbidden, setItem: forbidden, removeItem: forbidden });
    bare.connection.open();
    bare.socket.welcomes('t1');
    bare.connection.close(true);
    expect(bare.log).toEqual(['opening', 'welcome']);
  });

  it('[LV37] hands each answer to whoever asked, and an error as one', async () => {
    const bench = new Bench();
    bench.connection.open();
    await expect(bench.connection.pick(POINT)).rejects.toMatchObject({ code: 'client.unreachable' });
    bench.socket.welcomes('one');
    const [first, second, third] = [1, 2, 3].map((input) => bench.connection.pick({ ...POINT, input }));
    const asked = bench.socket.sent.filter((message) => matches(ViewerMessage, message));
    expect(asked).toEqual([1, 2, 3].map((request) => ({ type: 'pick', request, ...POINT, input: request })));
    bench.socket.says({ type: 'picked', request: 2, surface: null } satisfies ServerMessage);
    const error = { code: 'request.too_many', message: 'slower' };
    bench.socket.says({ type: 'picked', request: 3, surface: null, error } satisfies ServerMessage);
    bench.socket.says({ type: 'picked', request: 9, surface: null } satisfies ServerMessage);
    bench.socket.says({ type: 'picked', request: 1, surface: SURFACE } satisfies ServerMessage);
    expect(await first).toEqual(SURFACE);
    expect(await second).toBeNull();
    await expect(third).rejects.toMatchObject(error);
  });

  it('[LV37] leaves no question without an answer when the connection is lost or given up', async () => {
    const bench = new Bench();
    bench.connection.open();
    bench.socket.welcomes('one');
    const lost = bench.connection.pick(POINT);
    bench.socket.closes(1006);
    await expect(lost).rejects.toMatchObject({ code: 'client.unreachable' });
    bench.timers.pass(10_000);
    bench.socket.welcomes('two', true);
    const dropped = bench.connection.pick(POINT);
    bench.connection.close(true);
    await expect(dropped).rejects.toMatchObject({ code: 'client.unreachable' });
  });

  it('[LV31] watches a session that is open, and comes back to it as the same viewer', () => {
    const guest = new Bench(bench.storage, SESSION);
    bench.socket.welcomes('own');
    guest.connection.open();
    guest.socket.opens();
    expect(guest.hello).toMatchObject({ join: { sessionId: SESSION } });
    // What is kept of one's own view of the scene is not its.
    expect(guest.hello).not.toHaveProperty('resume');
    guest.socket.welcomes('guest');
    guest.socket.closes(1006);
    guest.timers.pass(10_000);
    guest.socket.opens();
    expect(guest.hello).toMatchObject({
      ...{ join: { sessionId: SESSION }, resume: { sessionId: SESSION, token: 'guest' } },
    });
  });

  it('[LV31] does not come back to one that is over', () => {
    const guest = new Bench(new MapStorage(), SESSION);
    guest.connection.open();
    guest.socket.opens();
    guest.socket.closes(4404, 'resource.not_found');
    guest.timers.pass(60_000);
    expect(guest.sockets).toHaveLength(1);
    expect(guest.log.at(-1)).toMatch(/^failed resource.not_found/);
  });
});
