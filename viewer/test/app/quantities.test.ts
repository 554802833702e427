import { describe, expect, it } from 'vitest';
import { formatAgo, formatBytes, formatDuration, plural } from '../../src/app/design/quantities.ts';

describe('quantities', () => {
  it('writes bytes in powers of 1,000', () => {
    expect([0, 999, 1_000, 1_240_000, 99_950_000, 999_600, 2_147_483_648].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '1.2 MB',
      '100 MB',
      '1.0 MB',
      '2.1 GB',
    ]);
  });

  it('writes durations with two units at most', () => {
    expect([800, 12_000, 59_600, 185_000, 3_599_600, 7_620_000].map(formatDuration)).toEqual([
      '0.8 s',
      '12 s',
      '1 min 00 s',
      '3 min 05 s',
      '1 h 00 min',
      '2 h 07 min',
    ]);
  });

  it('writes how long ago something was', () => {
    const now = Date.parse('2026-03-10T12:00:00Z');
    expect(formatAgo('2026-03-10T11:59:50Z', now)).toBe('just now');
    expect(formatAgo('2026-03-10T12:00:30Z', now)).toBe('just now');
    expect(formatAgo('2026-03-10T11:55:00Z', now)).toBe('5 min. ago');
    expect(formatAgo('2026-03-08T12:00:00Z', now)).toBe('2 days ago');
  });

  it('counts in words', () => {
    expect([plural(1, 'frame'), plural(0, 'frame'), plural(1_200, 'try', 'tries')]).toEqual([
      '1 frame',
      '0 frames',
      '1,200 tries',
    ]);
  });
});
