/** What a process under test is to do to itself, as `KILN_FAULT` says. */
import { KilnError } from '@kiln/shared';

const ACTIONS = ['kill', 'freeze', 'fail'] as const;

export interface FaultPlan {
  /** As it was written. */
  readonly text: string;
  readonly point: string;
  /** The N-th time that the point is passed, from 1. */
  readonly pass: number;
  /** `kill`: SIGKILL; `freeze`: SIGSTOP, until somebody sends SIGCONT; `fail`: what is waited for there throws. */
  readonly action: (typeof ACTIONS)[number];
}

/**
 * @param text `POINT@N:ACTION`
 * @throws KilnError `request.invalid`
 */
export function readFaultPlan(text: string): FaultPlan {
  const [, point = '', pass = '', word = ''] = /^([^@:\s]+)@([1-9]\d{0,8}):(\w+)$/.exec(text) ?? [];
  const action = ACTIONS.find((one) => one === word);
  if (point !== '' && action) return { text, point, pass: Number(pass), action };
  const wanted = `POINT@N:${ACTIONS.join('|')}, as server/dispatch/batch.run.1.before@3:kill`;
  throw new KilnError('request.invalid', `KILN_FAULT must be ${wanted}; it is “${text}”.`, { field: 'KILN_FAULT' });
}
