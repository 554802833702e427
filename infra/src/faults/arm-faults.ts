/** What a process does on purpose because a test asks it to: only with `KILN_TEST=1`. */
import { KilnError } from '@kiln/shared';
import type { TestConfig } from '../config.ts';
import { readFaultPlan } from './fault-plan.ts';
import { arm, count } from './passing.ts';

/** @throws KilnError `request.invalid` when no point has this name. */
export async function armFaults({ fault, passesPath }: TestConfig): Promise<void> {
  if (passesPath !== null) count(passesPath);
  if (fault === null) return;
  const plan = readFaultPlan(fault);
  const { readFaultPoints } = await import('./fault-points.ts');
  const found = (await readFaultPoints()).find(({ name }) => name === plan.point);
  if (!found) {
    throw new KilnError('request.invalid', `KILN_FAULT: there is no point ${plan.point}; \`kiln faults\` lists them.`, {
      field: 'KILN_FAULT',
    });
  }
  arm({ ...plan, point: found.point });
}
