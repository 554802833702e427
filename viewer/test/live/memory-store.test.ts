import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../src/live/memory-store.ts';

const CAMERA = { position: [0, 1, 2], target: [0, 0, 0], fovDeg: 40 } as const;
const TICKET = { sessionId: 'one', token: 't', isShared: true };

function tab() {
  const items = new Map<string, string>();
  const storage = {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
  return { items, open: () => createMemoryStore(() => storage) };
}

describe('what a view on a page keeps', () => {
  it('is found by nobody else while the page is there', () => {
    const { open, items } = tab();
    open().keepTicket('scene', TICKET);
    expect(open().ticket('scene')).toBeNull();
    expect(items.size).toBe(0);
  });

  it('is found once, by the page that is loaded again', () => {
    const { open, items } = tab();
    const before = open();
    before.keepTicket('scene', TICKET);
    before.keepCamera('scene', { ...CAMERA, position: [0, 1, 2], target: [0, 0, 0] });
    before.keepForReload();
    const after = open();
    expect([after.camera('scene'), after.ticket('scene')]).toEqual([CAMERA, TICKET]);
    expect(after.ticket('scene')).toEqual(TICKET);
    expect(items.size).toBe(0);
    expect(open().ticket('scene')).toBeNull();
  });

  it('is none where the session was given back', () => {
    const { open, items } = tab();
    const before = open();
    before.keepTicket('scene', TICKET);
    before.keepCamera('scene', { ...CAMERA, position: [0, 1, 2], target: [0, 0, 0] });
    before.dropTicket('scene');
    before.keepForReload();
    expect(items.size).toBe(0);
  });

  it('goes on with its own where the page came back as it was', () => {
    const { open, items } = tab();
    const store = open();
    store.keepTicket('scene', TICKET);
    store.keepForReload();
    store.keepTicket('scene', { ...TICKET, token: 'newer' });
    expect(store.ticket('scene')).toMatchObject({ token: 'newer' });
    expect(items.size).toBe(0);
  });

  it('is kept in the view where the page may store nothing', () => {
    const store = createMemoryStore(() => {
      throw new Error('forbidden');
    });
    store.keepTicket('scene', TICKET);
    store.keepForReload();
    expect(store.ticket('scene')).toEqual(TICKET);
  });
});
