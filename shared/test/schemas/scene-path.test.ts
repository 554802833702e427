import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScenePath } from '../../src/schemas/scene.ts';
import { matches } from '../../src/validate.ts';

describe('a path inside a scene', () => {
  it.each([
    'a',
    'a/b.png',
    'a b/ü ☃ 😀.bin',
    '..a',
    'a..',
    '...',
    '.hidden',
    '%2e%2e/x',
    'a/b/c/d',
    '-',
    '~',
    '日本/語.png',
  ])('may be %j', (path) => {
    expect(matches(ScenePath, path)).toBe(true);
  });

  it.each([
    '',
    '/a',
    '//a',
    '../a',
    'a/../b',
    'a/..',
    '..',
    '.',
    './a',
    'a/./b',
    'a/.',
    'a//b',
    'a/',
    '\\a',
    'a\\..\\b',
    'C:',
    'C:/x',
    'c:x',
    'a\0b',
    'a\nb',
    '\n../a',
    'a\u007f',
    'a\u0085',
    // Line separators end what `.` matches in a regular expression.
    'a\u2028/../../b',
    '\u2029/../b',
    // Unpaired surrogates: as UTF-8 they would all be the same character.
    'a\ud800',
    '\udc00a',
    '\ud800\ud800\udc00',
  ])('may not be %j', (path) => {
    expect(matches(ScenePath, path)).toBe(false);
  });

  it('never leads out of its folder, on any system', () => {
    const part = fc.oneof(
      fc.constantFrom('..', '.', '', 'a', 'C:', '\\', '\u2028', '~'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/')),
        (path) => {
          if (!matches(ScenePath, path)) return;
          expect(posix.resolve('/folder', path)).toBe(`/folder/${path}`);
          expect(win32.resolve('D:\\folder', path).startsWith('D:\\folder\\')).toBe(true);
          expect(Buffer.from(path, 'utf8').toString('utf8')).toBe(path);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
