/** How much of a job may be under way at once. */
import { type JobBounds, KilnError, LIMITS, LimitName, matches } from '@kiln/shared';
import type { Command } from 'commander';
import { wholeNumber } from './parse-options.ts';

export interface BoundOptions {
  readonly limits?: readonly string[];
  readonly maxSlots?: number;
  readonly maxPerHost?: number;
}

export const slotsOf = (option: string) => wholeNumber(option, 1, LIMITS.tenantSlots);

export const withBounds = (command: Command): Command =>
  command
    .option(
      '--limits <names>',
      'limits of the farm that its tasks count for, as of licences; kiln limits lists them',
      parseLimits,
    )
    .option('--max-slots <n>', 'tasks of it under way at once, at most (default: as it comes)', slotsOf('--max-slots'))
    .option('--max-per-host <n>', 'the same on one machine', slotsOf('--max-per-host'));

export const boundsOf = ({ limits, maxSlots, maxPerHost }: BoundOptions): JobBounds => ({
  ...(limits === undefined ? {} : { limits: [...limits] }),
  ...(maxSlots === undefined ? {} : { maxSlots }),
  ...(maxPerHost === undefined ? {} : { maxPerHost }),
});

/** Names with commas between. @throws KilnError `request.invalid` */
export function parseLimits(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !matches(LimitName, name));
  if (wrong === undefined) return [...new Set(names)];
  throw new KilnError('request.invalid', `--limits takes names of limits, with commas between; “${wrong}” is none.`, {
    field: '--limits',
  });
}
