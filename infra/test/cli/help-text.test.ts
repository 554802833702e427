import { expect, test } from 'vitest';
import { wrapHelp } from '../../src/cli/help-text.ts';
import { buildProgram } from '../../src/cli/main.ts';

test('prose is broken between words, a command where the shell goes on, a table not at all', () => {
  expect(wrapHelp('one two three', 8)).toBe('one two\nthree');
  expect(wrapHelp('one\ntwo three.\nfour', 9)).toBe('one two\nthree.\nfour');
  expect(wrapHelp('averylongword one', 8)).toBe('averylongword\none');
  expect(wrapHelp('  $ kiln render a.glb --frames 1', 24)).toBe('  $ kiln render a.glb \\\n      --frames 1');
  expect(wrapHelp('  a  b  c  d  e', 8)).toBe('  a  b  c  d  e');
});

test('the help of every command is 80 columns wide at most, and that of render is in groups', () => {
  const program = buildProgram(false);
  const texts: string[] = [];
  const all = [program, ...program.commands.flatMap((command) => [command, ...command.commands])];
  for (const command of all) {
    command.configureOutput({ writeOut: (text) => texts.push(text) });
    command.outputHelp();
  }
  const wide = texts
    .join('')
    .split('\n')
    .filter((line) => [...line].length > 80);
  expect(wide).toEqual([]);
  const render = program.commands.find((command) => command.name() === 'render')?.helpInformation() ?? '';
  const groups = [
    'Frames',
    'Camera',
    'Animation',
    'Objects and materials',
    'Light',
    'Colour',
    'Engine',
    'Files',
    'Film',
    'Job',
  ];
  const places = groups.map((group) => render.indexOf(`\n${group}:\n`));
  expect(places.every((place, i) => place > (places[i - 1] ?? -1))).toBe(true);
});
