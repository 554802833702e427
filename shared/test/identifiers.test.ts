import { webcrypto } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ID_PREFIXES, Id, type IdKind, newId, Sha256, Timestamp } from '../src/identifiers.ts';
import { matches } from '../src/validate.ts';

const random = (bytes: Uint8Array<ArrayBuffer>) => webcrypto.getRandomValues(bytes);
const kinds: readonly IdKind[] = [
  'tenant',
  'key',
  'scene',
  'job',
  'layer',
  'task',
  'attempt',
  'worker',
  'session',
  'upload',
  'webhook',
  'delivery',
  'message',
  'estimate',
  'token',
];

describe.each(kinds)('an id of a %s', (kind) => {
  it('matches its own schema and no other', () => {
    for (let i = 0; i < 50; i++) {
      const id = newId(kind, random);
      for (const other of kinds) expect(matches(Id(other), id)).toBe(other === kind);
    }
  });
});

describe('newId', () => {
  it('writes five bits of each random byte in Crockford’s alphabet', () => {
    let next = 0;
    const counting = (bytes: Uint8Array<ArrayBuffer>) => bytes.map((_, i) => (bytes[i] = next++));
    expect(newId('job', counting)).toBe('job_0123456789abcdefghjk');
    expect(newId('job', counting)).toBe('job_mnpqrstvwxyz01234567');
  });

  it('has prefixes of three letters, each its own', () => {
    const prefixes = Object.values(ID_PREFIXES);
    expect(new Set(prefixes).size).toBe(prefixes.length);
    for (const prefix of prefixes) expect(prefix).toMatch(/^[a-z]{3}$/);
    expect(Object.keys(ID_PREFIXES)).toEqual(kinds);
  });
});

describe('schemas of identifiers', () => {
  it.each([
    'job_0123456789abcdefghj',
    'job_0123456789abcdefghjkm',
    'job_0123456789abcdefghji',
    'job_0123456789ABCDEFGHJK',
    'scn_0123456789abcdefghjk',
    'job_0123456789abcdefghjk\n',
    '../job_0123456789abcdefghjk',
    '',
    7,
  ])('refuse %j as an id of a job', (value) => {
    expect(matches(Id('job'), value)).toBe(false);
  });

  it('take SHA-256 as 64 lower-case hexadecimal digits', () => {
    expect(matches(Sha256, 'a'.repeat(64))).toBe(true);
    for (const bad of ['a'.repeat(63), 'a'.repeat(65), 'A'.repeat(64), 'g'.repeat(64)])
      expect(matches(Sha256, bad)).toBe(false);
  });

  it('take times of RFC 3339', () => {
    expect(matches(Timestamp, new Date(0).toISOString())).toBe(true);
    for (const bad of ['', 'yesterday', '2026-01-31', '2026-13-31T00:00:00Z'])
      expect(matches(Timestamp, bad)).toBe(false);
  });
});
