import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const text = readFileSync(join(root, 'PROTOCOL.md'), 'utf8');
const rules = [...text.matchAll(/^- \*\*([A-Z]{2}\d+)\*\*/gm)].map((match) => match[1] ?? '');

/** What `test`, `it` and `describe` are given first, also behind `.each(…)` and the like. */
const TITLE = /(?:\b(?:test|it|describe)(?:\.\w+)*|\))\(\s*(['"`])((?:\\.|(?!\1)[\s\S])*?)\1/g;

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

describe('PROTOCOL.md', () => {
  it('numbers its rules from 1, without gaps', () => {
    const numbers = new Map<string, number[]>();
    for (const rule of rules) {
      const area = rule.slice(0, 2);
      numbers.set(area, [...(numbers.get(area) ?? []), Number(rule.slice(2))]);
    }
    expect([...numbers.keys()]).toEqual(['WS', 'EV', 'LV', 'WK']);
    for (const area of numbers.values()) expect(area).toEqual(area.map((_, index) => index + 1));
  });

  it('refers to rules that it has', () => {
    for (const [, rule = ''] of text.matchAll(/\b((?:WS|EV|LV|WK)\d+)\b/g)) expect(rules).toContain(rule);
  });

  it.each(['src', 'test'])('has every rule that %s names', (folder) => {
    const named = filesBelow(join(root, folder))
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) =>
        [...readFileSync(path, 'utf8').matchAll(/\[((?:WS|EV|LV|WK)\d+)\]/g)].map((match) => match[1]),
      );
    expect(named.length).toBeGreaterThan(0);
    expect(rules).toEqual(expect.arrayContaining([...new Set(named)]));
  });

  it('takes for titles what tests are called, and nothing else', () => {
    const text = `
      /** [XX1] */
      test('[XX2] one', () => expect(f('[XX3]')).toBe("[XX4]"));
      describe.skip(\`[XX5] of it\`, () => it.each([['[XX6]']])('[XX7] a \\'word\\' [XX8]', () => {}));
      test(
        "[XX9] 'late'", () => {});
      const title = '[XX10]';`;
    const titles = [...text.matchAll(TITLE)].map(([, , title]) => title);
    expect(titles).toEqual(['[XX2] one', '[XX5] of it', "[XX7] a \\'word\\' [XX8]", "[XX9] 'late'"]);
  });

  it('has no rule that no test cites in its title', () => {
    const open = [...text.matchAll(/^- \*\*([A-Z]{2}\d+)\*\* Not given yet\.$/gm)].map((match) => match[1]);
    const cited = ['shared', 'server', 'worker', 'viewer', 'infra']
      .flatMap((part) => filesBelow(join(root, '..', part, 'test')))
      .filter((path) => /\.tsx?$/.test(path))
      .flatMap((path) => [...readFileSync(path, 'utf8').matchAll(TITLE)].map(([, , title = '']) => title))
      .flatMap((title) => title.match(/\[[A-Z]{2}\d+[^\]\n]*\]/g) ?? [])
      .flatMap((names) => names.match(/[A-Z]{2}\d+/g) ?? []);
    const known = new Set([...cited, ...open]);
    expect(rules.filter((rule) => !known.has(rule))).toEqual([]);
  });
});
