import { expect, it } from 'vitest';
import { changeWgsl } from '../../src/page/engine/webgpu/wgsl-changes.ts';

const kernel = () => ({ tokens: ['fn f() { let a = ', '( b );\n let c = ', '; }'], args: ['FIRST', 'SECOND'] });

/** As the library puts a function together. */
const written = ({ tokens, args }: { tokens: readonly string[]; args: readonly unknown[] }) =>
  tokens.map((token, at) => `${token}${at < args.length ? args[at] : ''}`).join('');

it('changes text around nodes, and drops, moves and puts in nodes', () => {
  const fn = kernel();
  changeWgsl(fn, [{ from: /let a = (⟨\d+⟩)\( b \);/, to: 'let a = $1( @mine, b );' }], { mine: 'MINE' });
  expect(written(fn)).toBe('fn f() { let a = FIRST( MINE, b );\n let c = SECOND; }');
  changeWgsl(fn, [{ from: /let a = [\s\S]+?(?=let c)/, to: '' }]);
  expect(written(fn)).toBe('fn f() { let c = SECOND; }');
  expect(fn.args).toEqual(['SECOND']);
});

it('refuses a text in which a place is missing, and leaves it as it is', () => {
  const fn = kernel();
  const changes = [
    { from: /let a/, to: 'let z' },
    { from: /let d/, to: '' },
  ];
  expect(() => changeWgsl(fn, changes)).toThrow('has changed: no /let d/');
  expect(fn).toEqual(kernel());
});
