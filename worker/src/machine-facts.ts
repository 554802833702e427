/** What this machine has for a worker. */
import { availableParallelism, totalmem } from 'node:os';
import type { WorkerFacts } from '@kiln/shared';

/** Within what a container allows. */
export function machineFacts(
  allowedBytes: number = process.constrainedMemory(),
): Pick<WorkerFacts, 'memoryBytes' | 'cpuCores'> {
  // 0 where nothing is known, and some huge number where nothing bounds it.
  const memoryBytes = allowedBytes > 0 ? Math.min(allowedBytes, totalmem()) : totalmem();
  return { memoryBytes, cpuCores: availableParallelism() };
}
