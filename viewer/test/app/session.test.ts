import { KilnError, type Me } from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import { createSession, takeCode } from '../../src/app/farm/session.ts';

const ME: Me = { tenant: { id: 'ten_00000000000000000000', name: 'Studio' }, role: 'member' };

describe('takeCode', () => {
  it('takes the code out of the address and leaves the rest', () => {
    const urls: string[] = [];
    const place = { hash: '#code=ab%2Bc', pathname: '/scenes/x', search: '?a=1' };
    expect(takeCode(place, (url) => urls.push(url))).toBe('ab+c');
    expect(urls).toEqual(['/scenes/x?a=1']);
  });

  it('leaves an address without a code alone', () => {
    const urls: string[] = [];
    expect(takeCode({ hash: '#content', pathname: '/', search: '' }, (url) => urls.push(url))).toBeNull();
    expect(urls).toEqual([]);
  });
});

describe('createSession', () => {
  const refuse = (code: 'identity.missing' | 'identity.code_spent') => () => Promise.reject(new KilnError(code, 'no'));

  it('signs in, and says who it is', async () => {
    const session = createSession({ me: async () => ME, signIn: async () => ME, signOut: async () => ({}) });
    await session.signIn({ apiKey: 'k' });
    expect(session.state.value).toEqual({ state: 'signed-in', me: ME });
    await session.signOut();
    expect(session.state.value).toEqual({ state: 'signed-out', problem: null });
  });

  it('hands on why a sign-in failed', async () => {
    const session = createSession({
      me: refuse('identity.missing'),
      signIn: refuse('identity.code_spent'),
      signOut: async () => ({}),
    });
    await expect(session.signIn({ code: 'x' })).rejects.toMatchObject({ code: 'identity.code_spent' });
    expect(session.state.value).toEqual({ state: 'checking' });
  });

  it('asks to sign in again when the farm no longer takes the cookie, and only then', async () => {
    const session = createSession({ me: async () => ME, signIn: async () => ME, signOut: async () => ({}) });
    session.expired();
    expect(session.state.value.state).toBe('checking');
    await session.signIn({ apiKey: 'k' });
    session.expired();
    expect(session.state.value).toMatchObject({ state: 'signed-out', problem: expect.stringContaining('ended') });
  });
});
