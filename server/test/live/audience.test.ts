import { LIMITS, type ServerMessage } from '@kiln/shared';
import { beforeEach, describe, expect, test } from 'vitest';
import { Audience, type Seat, type SeatPeer } from '../../src/live/audience.ts';

const SILENT = LIMITS.liveDriverSilentMs;

let audience: Audience;
/** What each was told, by the number of its seat. */
let told: Map<number, ServerMessage[]>;
let owner: Seat;
beforeEach(() => {
  audience = new Audience(0);
  told = new Map();
  owner = sit();
});

function sit({ access = 'drive', codecs = ['jpeg'] }: Partial<Pick<Seat, 'access' | 'codecs'>> = {}): Seat {
  const messages: ServerMessage[] = [];
  const tell = (message: ServerMessage) => void messages.push(message);
  const peer: SeatPeer = {
    tell,
    tellNewest: tell,
    picture: () => 'sent',
    needsWhole: false,
    dropPictures() {},
    close() {},
    end() {},
  };
  const seat = audience.add({ access, tokenId: null, maxSamples: null, codecs, resumeHash: '', peer });
  told.set(seat.id, messages);
  return seat;
}

const refused = (work: () => unknown): string => {
  try {
    work();
    return 'done';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
};

test('[LV32, LV42] goes on at another server: by the same numbers, and who is alone there hears it', () => {
  const [second, third] = [sit(), sit()];
  audience.act(owner, 'give', second.id, 1);
  audience.remove(third, 2);
  const { kept } = audience;
  audience = new Audience(0);
  audience.restore(JSON.parse(JSON.stringify(kept)));
  expect(audience.all.map(({ id, isOwner, peer }) => [id, isOwner, peer])).toEqual([
    [1, true, null],
    [2, false, null],
  ]);
  expect(audience.driver?.id).toBe(2);
  expect(sit().id).toBe(4);

  audience = new Audience(0);
  audience.restore({ ...kept, seats: kept.seats.slice(0, 1), lastId: 1, driver: 1 });
  const [back] = audience.all;
  const heard: ServerMessage[] = [];
  if (back) back.peer = { ...owner.peer, tellNewest: (message) => void heard.push(message) } as SeatPeer;
  audience.tellViewers(0, 0);
  expect(heard).toMatchObject([{ type: 'viewers', you: 1, driver: 1, viewers: [{ id: 1, away: false }] }]);
});

describe('the camera', () => {
  test('[LV33] is with who came first; nobody else takes it', () => {
    const guest = sit();
    expect(audience.driver).toBe(owner);
    expect(audience.watchers).toEqual([guest]);
    expect(refused(() => audience.act(guest, 'take', undefined, 1))).toBe('resource.conflict');
    expect(audience.driver).toBe(owner);
  });

  test('[LV33] is asked for, given, and taken back by the owner', () => {
    const guest = sit();
    expect(audience.act(guest, 'request', undefined, 1)).toBe(true);
    expect(audience.act(guest, 'request', undefined, 2)).toBe(false);
    expect(audience.act(owner, 'give', guest.id, 3)).toBe(true);
    expect(audience.driver).toBe(guest);
    expect(audience.mayTake(owner, 4)).toBe(true);
    audience.act(owner, 'take', undefined, 4);
    expect(audience.driver).toBe(owner);
    expect(refused(() => audience.act(guest, 'take', undefined, 5))).toBe('resource.conflict');
  });

  test('[LV33] is given by who has it, to somebody who is there', () => {
    const [guest, away] = [sit(), sit()];
    away.peer = null;
    expect(refused(() => audience.act(guest, 'give', owner.id, 1))).toBe('resource.conflict');
    for (const to of [away.id, 99, undefined]) {
      expect(refused(() => audience.act(owner, 'give', to, 1))).toBe('resource.not_found');
    }
    expect(audience.driver).toBe(owner);
  });

  test('[LV33] that is released is free for anybody, or for who asked first', () => {
    const [one, two] = [sit(), sit()];
    audience.act(owner, 'release', undefined, 1);
    expect(audience.driver).toBeNull();
    expect(audience.mayTake(one, 1)).toBe(true);
    audience.act(two, 'request', undefined, 2);
    expect(audience.driver).toBe(two);
    audience.act(one, 'request', undefined, 3);
    audience.act(owner, 'request', undefined, 4);
    audience.act(two, 'release', undefined, 5);
    expect(audience.driver).toBe(one);
    audience.act(owner, 'release', undefined, 6);
    audience.act(one, 'release', undefined, 7);
    expect(audience.driver).toBeNull();
  });

  test('[LV33] is taken from one who moves nothing for long', () => {
    const [one, two] = [sit(), sit()];
    audience.act(owner, 'give', one.id, 1_000);
    expect(audience.silentInMs(1_000)).toBe(SILENT);
    audience.driverHeard(2_000);
    expect(refused(() => audience.act(two, 'take', undefined, 2_000 + SILENT - 1))).toBe('resource.conflict');
    expect(audience.silentInMs(2_000 + SILENT)).toBeNull();
    expect(audience.act(two, 'take', undefined, 2_000 + SILENT)).toBe(true);
    expect(audience.driver).toBe(two);
    expect(audience.isSilent(2_000 + SILENT)).toBe(false);
  });

  test('[LV29] is not for a token that watches', () => {
    const guest = sit({ access: 'view' });
    audience.act(owner, 'release', undefined, 1);
    for (const action of ['request', 'take'] as const) {
      expect(refused(() => audience.act(guest, action, undefined, 2))).toBe('identity.forbidden');
    }
    audience.act(owner, 'take', undefined, 3);
    expect(refused(() => audience.act(owner, 'give', guest.id, 4))).toBe('identity.forbidden');
  });

  test('[LV13] of one who was lost is its own when it comes back to a free one', () => {
    const guest = sit();
    owner.peer = null;
    audience.giveUpDriver(1);
    expect(audience.driver).toBeNull();
    audience.isBack(guest, 2);
    expect(audience.driver).toBeNull();
    audience.isBack(owner, 3);
    expect(audience.driver).toBe(owner);
    audience.giveUpDriver(4);
    audience.act(guest, 'take', undefined, 5);
    audience.isBack(owner, 6);
    expect(audience.driver).toBe(guest);
  });

  test('[LV33] of one who was lost goes to who asked for it', () => {
    const guest = sit();
    audience.act(guest, 'request', undefined, 1);
    owner.peer = null;
    audience.giveUpDriver(2);
    expect(audience.driver).toBe(guest);
  });
});

test('[LV32] everybody is told of everybody, from the second on', () => {
  audience.tellViewers(0, 1);
  expect(told.get(1)).toEqual([]);
  const guest = sit();
  audience.act(guest, 'request', undefined, 1);
  audience.tellViewers(7, 1);
  const viewers = [
    { id: 1, label: 'Viewer 1', owner: true, mayDrive: true, asks: false, away: false },
    { id: 2, label: 'Viewer 2', owner: false, mayDrive: true, asks: true, away: false },
  ];
  const message = { type: 'viewers', driver: 1, mayTake: false, input: 7, viewers };
  expect(told.get(1)).toEqual([{ ...message, you: 1 }]);
  expect(told.get(2)).toEqual([{ ...message, you: 2 }]);
});

test('[LV31] there is room for so many, and for one more where somebody is away', () => {
  const others = Array.from({ length: LIMITS.liveViewers - 1 }, () => sit());
  expect(refused(() => audience.makeRoom(1))).toBe('request.too_many');
  const [lost] = others;
  if (lost) lost.peer = null;
  audience.makeRoom(1);
  expect(audience.all).not.toContain(lost);
  expect(audience.all).toHaveLength(LIMITS.liveViewers - 1);
});

test('[LV31] room is made by who left first, never by the owner or by whose the camera is', () => {
  const others = Array.from({ length: LIMITS.liveViewers - 1 }, () => sit());
  const [presenter, later, sooner] = others;
  if (!presenter || !later || !sooner) throw new Error('too few seats');
  audience.act(owner, 'give', presenter.id, 1);
  for (const [at, seat] of [owner, presenter, sooner, later].entries())
    Object.assign(seat, { peer: null, leftAtMs: at });
  audience.makeRoom(10);
  expect([sooner, later].map((seat) => audience.all.includes(seat))).toEqual([false, true]);
  // The camera is free by now, and again of who drove when that one is back.
  audience.giveUpDriver(11);
  sit();
  audience.makeRoom(12);
  expect(audience.all).not.toContain(later);
  sit();
  expect(refused(() => audience.makeRoom(13))).toBe('request.too_many');
  expect(audience.all).toEqual(expect.arrayContaining([owner, presenter]));
});

test('[LV36] pictures come in a codec that all can read, the best of who drives', () => {
  sit({ codecs: ['png', 'webp', 'jpeg'] });
  const guest = sit({ codecs: ['webp', 'jpeg'] });
  expect(audience.codecs).toEqual(['jpeg']);
  owner.codecs = ['png', 'jpeg', 'webp'];
  expect(audience.codecs).toEqual(['jpeg', 'webp']);
  audience.act(owner, 'give', guest.id, 1);
  expect(audience.codecs).toEqual(['webp', 'jpeg']);
});

test('[LV40] a video comes to who looks alone', () => {
  owner.codecs = ['vp9', 'jpeg'];
  expect(audience.codecs).toEqual(['vp9', 'jpeg']);
  const guest = sit({ codecs: ['vp9', 'jpeg'] });
  expect(audience.codecs).toEqual(['jpeg']);
  audience.remove(guest, 1);
  expect(audience.codecs).toEqual(['vp9', 'jpeg']);
});
