/** The command line of `npm run simulate`. */
import { parseArgs } from 'node:util';
import { KilnError } from '@kiln/shared';
import { POLICY_NAMES } from './policies.ts';
import { SCENARIOS } from './scenarios.ts';
import type { Simulation } from './simulate.ts';

export type Command = { readonly kind: 'help' } | (Simulation & { readonly kind: 'simulate'; readonly json: boolean });

const MOST_WORKERS = 10_000;
const MOST_TASKS = 10_000_000;

const OPTIONS = {
  scenario: { type: 'string', default: 'mixed-tenants' },
  seed: { type: 'string', default: '1' },
  workers: { type: 'string', default: '50' },
  tasks: { type: 'string', default: '20000' },
  policies: { type: 'string', default: POLICY_NAMES.join() },
  'half-life-sec': { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

export const HELP = `npm run simulate -- [--scenario NAME] [OPTIONS]

Simulates a farm on a virtual clock, with the dispatcher's own decisions: how busy it is, how long
each tenant waits, and what each gets; by fair shares, by priority only, and in the order of coming.

Options:
  --scenario NAME       what is submitted (${OPTIONS.scenario.default})
  --workers N           1 to ${MOST_WORKERS.toLocaleString('en')} (${OPTIONS.workers.default})
  --tasks N             of all jobs, 1 to ${MOST_TASKS.toLocaleString('en')} (${OPTIONS.tasks.default})
  --seed N              the same seed gives the same farm (${OPTIONS.seed.default})
  --policies LIST       of ${POLICY_NAMES.join(', ')} (all)
  --half-life-sec N     as KILN_SHARE_HALF_LIFE_SEC (600)
  --json                one object, for scripts

Scenarios:
${SCENARIOS.map(({ name, about }) => `  ${name.padEnd(16)}  ${about}`).join('\n')}

Ends with 1 when something did not hold that must: slots, limits, each task ended once; with 2 when
the command line cannot be right.
`;

/** @throws KilnError `request.invalid` */
export function readCommand(args: readonly string[]): Command {
  const values = parse(args);
  if (values.help) return { kind: 'help' };
  const scenario = SCENARIOS.find(({ name }) => name === values.scenario);
  if (!scenario) {
    throw invalid(
      `There is no scenario “${values.scenario}”; there are ${SCENARIOS.map(({ name }) => name).join(', ')}.`,
    );
  }
  const halfLifeSec = values['half-life-sec'];
  return {
    kind: 'simulate',
    scenario,
    seed: whole('--seed', values.seed, 0, 2 ** 31 - 1),
    workers: whole('--workers', values.workers, 1, MOST_WORKERS),
    tasks: whole('--tasks', values.tasks, 1, MOST_TASKS),
    policies: policies(values.policies),
    json: values.json,
    ...(halfLifeSec === undefined ? {} : { shareHalfLifeSec: whole('--half-life-sec', halfLifeSec, 1, 31_536_000) }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split(/\.\s/)[0] : String(cause);
    throw invalid(`${message}; --help tells what there is.`);
  }
}

function policies(text: string): Simulation['policies'] {
  const wanted = text.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !POLICY_NAMES.some((policy) => policy === name));
  if (unknown === undefined) return POLICY_NAMES.filter((policy) => wanted.includes(policy));
  throw invalid(`--policies takes ${POLICY_NAMES.join(', ')}, with commas between; “${unknown}” is none.`);
}

function whole(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw invalid(`${option} must be a whole number from ${min} to ${max}; it is “${text}”.`);
}

const invalid = (message: string) => new KilnError('request.invalid', message);
