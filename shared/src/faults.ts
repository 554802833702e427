/** Whose fault it is that an attempt failed, by its error's code. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { type ErrorCode, isErrorCode } from './errors.ts';

/**
 * `scene`: another try would fail the same way. `worker`: another worker may do better. `infrastructure`: what lies between
 * them, and the server.
 */
export const Fault = Type.Enum(['scene', 'worker', 'infrastructure']);
export type Fault = Static<typeof Fault>;

const FAULT_OF_PREFIX: Readonly<Record<string, Fault>> = {
  job: 'scene',
  scene: 'scene',
  render: 'worker',
  worker: 'worker',
};

/** @param code of any error; of a newer or older farm it may be unknown here. */
export function faultOf(code: string): Fault {
  const known: ErrorCode | null = isErrorCode(code) ? code : null;
  // The sandbox was not to blame, nor was the file: it ran out of time, or the page crashed.
  if (known === 'scene.import_failed') return 'worker';
  return FAULT_OF_PREFIX[code.split('.')[0] ?? ''] ?? 'infrastructure';
}
