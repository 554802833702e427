import { KilnError } from '@kiln/shared';
import { describe, expect, test } from 'vitest';
import { HELP, readCommand } from '../../src/simulator/options.ts';
import { SCENARIOS } from '../../src/simulator/scenarios.ts';

const refused = (...args: string[]): string => {
  try {
    readCommand(args);
  } catch (error) {
    if (error instanceof KilnError) return error.message;
    throw error;
  }
  throw new Error('it was taken');
};

describe('npm run simulate', () => {
  test('has a default for everything, and takes what is said', () => {
    expect(readCommand([])).toMatchObject({
      kind: 'simulate',
      seed: 1,
      json: false,
      policies: ['fair', 'priority', 'fifo'],
    });
    expect(
      readCommand([
        '--scenario',
        'burst',
        '--seed',
        '7',
        '--workers',
        '10000',
        '--tasks',
        '10000000',
        '--policies',
        'fifo,fair',
        '--json',
      ]),
    ).toMatchObject({
      scenario: { name: 'burst' },
      seed: 7,
      workers: 10_000,
      tasks: 10_000_000,
      policies: ['fair', 'fifo'],
      json: true,
    });
    expect(readCommand(['--help'])).toEqual({ kind: 'help' });
  });

  test('says in one line what cannot be right', () => {
    expect(refused('--scenario', 'none')).toContain('There is no scenario “none”; there are steady, ');
    expect(refused('--workers', '0')).toBe('--workers must be a whole number from 1 to 10000; it is “0”.');
    expect(refused('--workers', '10001')).toContain('10001');
    expect(refused('--tasks', '1e3')).toContain('1e3');
    expect(refused('--seed', '-1')).not.toContain('\n');
    expect(refused('--policies', 'fair,best')).toContain('“best” is none');
    expect(refused('--slots', '3')).toContain('--slots');
    expect(refused('steady')).toContain('steady');
  });

  test('names every scenario in its help, in lines of a terminal', () => {
    for (const { name } of SCENARIOS) expect(HELP).toContain(`  ${name} `);
    expect(Math.max(...HELP.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });
});
