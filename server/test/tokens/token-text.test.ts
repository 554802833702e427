import { expect, test } from 'vitest';
import { readToken, tokenText } from '../../src/tokens/token-text.ts';

const TOKEN = { id: `tok_${'0'.repeat(20)}`, expiresAt: new Date('2026-11-30T12:00:00Z') };
const text = tokenText(TOKEN, 'a key');

test('a token is read with the key that it was signed with', () => {
  expect(readToken(text, 'a key')).toEqual(TOKEN);
});

test('one that was signed otherwise, or was changed, is none', () => {
  expect(readToken(text, 'another key')).toBeNull();
  for (let at = 0; at < text.length; at++) {
    const changed = `${text.slice(0, at)}${text[at] === '1' ? '2' : '1'}${text.slice(at + 1)}`;
    expect(readToken(changed, 'a key')).toBeNull();
  }
  for (const other of ['', 'kilnv_', `${text}x`, `kiln_${text}`]) expect(readToken(other, 'a key')).toBeNull();
});
