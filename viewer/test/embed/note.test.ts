import { expect, it } from 'vitest';
import { noteOf } from '../../src/embed/note.ts';

it('says nothing while all goes its way', () => {
  expect(noteOf({ phase: 'live', painted: true }, false)).toBe('');
  expect(noteOf({ phase: 'connecting' }, true)).toBe('');
});

it('tells who watches that what was to be watched is over, and nobody else', () => {
  const over = { phase: 'failed', code: 'resource.not_found', message: 'gone' } as const;
  expect(noteOf(over, true)).toBe('What was to be watched is over.');
  expect(noteOf({ phase: 'ended', reason: 'bye' }, true)).toBe('What was to be watched is over.');
  expect(noteOf(over, false)).toBe('This view cannot be shown now.');
  expect(noteOf({ phase: 'ended', reason: 'bye' }, false)).toBe('The view has ended.');
});

it('tells what a view waits for that is opened again by itself', () => {
  const waits = (code: string) => noteOf({ phase: 'reconnecting', retryInMs: 500, code, message: 'gone' }, false);
  expect(waits('client.unreachable')).toBe('The connection is lost. Trying again …');
  expect(waits('request.too_many')).toBe('This view is open too often already. Trying again …');
  expect(waits('live.no_worker')).toBe('The farm is busy. Trying again …');
});

it('tells of the page’s permission, whether one watches or not', () => {
  const refused = { phase: 'failed', code: 'identity.token_expired', message: 'expired' } as const;
  for (const watches of [true, false]) expect(noteOf(refused, watches)).toContain('permission');
});
