import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { parseSync, Visitor } from 'oxc-parser';
import { expect, test } from 'vitest';
import { awaitsOf } from '../../src/faults/awaits.ts';
import { readFaultPlan } from '../../src/faults/fault-plan.ts';
import { hasPoints, readFaultPoints } from '../../src/faults/fault-points.ts';
import { instrument } from '../../src/faults/instrument.ts';
import { STAGES } from '../../src/faults/stages.ts';
import { REPOSITORY } from '../../src/repository.ts';

const PASSING = '/passing.ts';

/** Places of the awaits of a text that go past no point. */
function bareAwaits(text: string): number[] {
  const waits: number[] = [];
  const wrapped = new Set<number>();
  new Visitor({
    AwaitExpression: ({ start }) => void waits.push(start),
    ForOfStatement: ({ await: waiting, start }) => void (waiting && waits.push(start)),
    CallExpression: ({ callee, arguments: [value] }) => {
      if (callee.type === 'Identifier' && callee.name === 'kilnPassed' && value) wrapped.add(value.start);
    },
  }).visit(parseSync('a.ts', text).program);
  return waits.filter((start) => !wrapped.has(start));
}

test('no await of the dispatcher is without a point', async () => {
  const folder = 'server/src/dispatch';
  let waits = 0;
  for (const name of await readdir(join(REPOSITORY, folder))) {
    const text = await readFile(join(REPOSITORY, folder, name), 'utf8');
    expect(hasPoints(`${folder}/${name}`)).toBe(true);
    const bare = bareAwaits(text);
    waits += bare.length;
    const made = instrument(`${folder}/${name}`, text, PASSING);
    expect(bareAwaits(made), name).toEqual([]);
    for (const { line } of awaitsOf(name, text)) expect(made.split('\n')[line - 1], name).toContain('kilnPass');
  }
  expect(waits).toBeGreaterThan(100);
});

test('every point has a name of its own and a sentence; stages stand for points that are there', async () => {
  const points = await readFaultPoints();
  const names = new Set(points.map(({ name }) => name));
  expect(names.size).toBe(points.length);
  for (const { name, point, about } of points) {
    expect(about, name).toMatch(/\.$/);
    expect(names, name).toContain(point);
    expect(readFaultPlan(`${name}@1:kill`)).toMatchObject({ point: name, pass: 1 });
  }
});

test('code with points does what it did, and passes them in order', async () => {
  const source = `/** Sums. */

    /** Adds. More. */
    export async function add(values: AsyncIterable<number>): Promise<number> {
      let sum = 0;
      for await (const value of values) { sum += await twice(await same(value)); }
      return sum;
    }
    const same = async (n: number): Promise<number> => await n;
    async function twice(n: number) { return 2 * (await new Holder().held(n)); }
    class Holder { async held(n: number) { await null; return (await [n])[0] as number; } }`;
  expect(awaitsOf('server/src/a.ts', source).map(({ name, about }) => [name, about])).toEqual([
    ['add.1', 'Adds.'],
    ['add.2', 'Adds.'],
    ['add.3', 'Adds.'],
    ['same.1', 'Sums.'],
    ['twice.1', 'Sums.'],
    ['held.1', 'Sums.'],
    ['held.2', 'Sums.'],
  ]);
  const passing = `data:text/javascript,${encodeURIComponent(`
    export const passes = globalThis.passesOfTest = [];
    export const pass = (name) => void passes.push(name);
    export const passed = (value, name) => (pass(name), value);`)}`;
  const folder = await mkdtemp(join(tmpdir(), 'kiln-faults-'));
  try {
    const { code } = await transform(instrument('server/src/a.ts', source, passing), { loader: 'ts', format: 'esm' });
    const path = join(folder, 'a.mjs');
    await writeFile(path, code);
    const { add } = (await import(path)) as { add(values: AsyncIterable<number>): Promise<number> };
    const numbers = (async function* () {
      yield 1;
      yield 20;
    })();
    expect(await add(numbers)).toBe(42);
    const passes = Reflect.get(globalThis, 'passesOfTest') as string[];
    const of = (name: string) => [`server/a.${name}.before`, `server/a.${name}.after`];
    const [entry, item] = of('add.1');
    const [twice, twiceDone] = of('add.2');
    const [inner, innerDone] = of('twice.1');
    const round = [item, twice, ...around('add.3', 'same.1'), inner, ...of('held.1'), ...of('held.2'), innerDone];
    expect(passes).toEqual([entry, ...round, twiceDone, ...round, twiceDone]);
    function around(outer: string, within: string): (string | undefined)[] {
      const [before, after] = of(outer);
      return [before, ...of(within), after];
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each(['', 'a', 'a@0:kill', 'a@1', 'a@1:melt', '@1:kill'])('%j is no plan', (text) => {
  expect(() => readFaultPlan(text)).toThrow(/POINT@N:kill\|freeze\|fail/);
});

test.each([
  [{ KILN_FAULT: 'worker.drawn@1:kill' }, /KILN_FAULT: only for tests, with KILN_TEST=1/],
  [{ KILN_TEST_LEASE_MS: '900' }, /KILN_TEST_LEASE_MS: only for tests/],
  [{ KILN_TEST: '1', KILN_FAULT: 'nowhere@1:kill' }, /there is no point nowhere; `kiln faults` lists them/],
])('a server that is told %j says what is wrong and does not start', async (env, message) => {
  const { code, stderr } = await kiln(['server'], env);
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});

test('kiln faults tells stages and parts, and the points of a part; --json tells all', async () => {
  const { stdout } = await kiln(['faults', '--json'], {});
  const { items } = JSON.parse(stdout) as { items: { name: string; about: string }[] };
  const point = items.find(({ name }) => name === 'server/dispatch/dispatcher.give.1.before');
  expect(point).toBeDefined();

  const { stdout: overview } = await kiln(['faults'], {});
  for (const { name, about } of items.slice(0, STAGES.length))
    expect(overview).toMatch(new RegExp(`^${name} .*${about}$`, 'm'));
  expect(overview).toMatch(/^server\/dispatch\/dispatcher +\d+ +The dispatcher: .*\.$/m);
  expect(overview.split('\n').length).toBeLessThan(150);

  const { stdout: part } = await kiln(['faults', 'server/dispatch/dispatcher'], {});
  expect(part).toContain(`${point?.name}\n    ${point?.about}`);
  expect(part).not.toContain('server/dispatch/assign');
  const { stdout: folder } = await kiln(['faults', 'server/dispatch/', '--json'], {});
  const names = (JSON.parse(folder) as { items: typeof items }).items.map(({ name }) => name);
  expect(names).toEqual(items.map(({ name }) => name).filter((name) => name.startsWith('server/dispatch/')));
  expect(await kiln(['faults', 'nowhere'], {})).toMatchObject({ code: 2, stderr: expect.stringContaining('no part') });
});

const KILN = join(REPOSITORY, 'infra', 'bin', 'kiln.mjs');

function kiln(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 16 * 1_024 * 1_024 };
    const child = execFile(process.execPath, [KILN, ...args], options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
