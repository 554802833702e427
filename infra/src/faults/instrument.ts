/** Puts the points into code: text in, text out. */
import { type Await, awaitsOf } from './awaits.ts';
import { pointName } from './fault-points.ts';
import { pass, passed } from './passing.ts';

interface Insert {
  readonly at: number;
  readonly text: string;
}

/**
 * @param file path from the root, `/`-separated.
 * @param passing path of `passing.ts`.
 */
export function instrument(file: string, text: string, passing: string): string {
  const inserts = awaitsOf(file, text).flatMap((one) => insertsOf(file, one));
  // What ends at a place comes before what begins there; of what ends there, the inner one first.
  const order = inserts.map((insert, index) => ({ ...insert, index })).sort((a, b) => a.at - b.at || a.index - b.index);
  let made = '';
  let from = 0;
  for (const { at, text: added } of order) {
    made += text.slice(from, at) + added;
    from = at;
  }
  const names = `import { ${pass.name} as kilnPass, ${passed.name} as kilnPassed } from ${JSON.stringify(passing)};`;
  // On the first line, so that places in the code stay where they are.
  return `${names}${made}${text.slice(from)}`;
}

function insertsOf(file: string, one: Await): Insert[] {
  const [before, after] = (['before', 'after'] as const).map((side) => JSON.stringify(pointName(file, one, side)));
  if (one.bodyStart !== null) {
    return [
      { at: one.start, text: `(kilnPass(${before}), ` },
      { at: one.end, text: ')' },
      { at: one.bodyStart, text: ` kilnPass(${after});` },
    ];
  }
  return [
    { at: one.start, text: `(kilnPass(${before}), kilnPassed(` },
    { at: one.end, text: `, ${after}))` },
  ];
}
