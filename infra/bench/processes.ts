/** What the processes of a farm take, as Linux counts it. */
import { readFileSync } from 'node:fs';

/** Of Linux on every machine that Node runs on. */
const TICKS_PER_SEC = 100;

export const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

/** A process and all below it; empty when it has ended. */
export function treeOf(pid: number): number[] {
  try {
    return [pid, ...childrenOf(pid).flatMap(treeOf)];
  } catch {
    return [];
  }
}

/** Processor time that a process and all below it have taken until now, with those that have ended and been waited for. */
export const cpuSeconds = (pid: number): number => treeOf(pid).reduce((sum, one) => sum + ownCpuSeconds(one), 0);

function ownCpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in field 2 may hold spaces and brackets: count from after its last bracket. Fields 14 to 17.
    const times = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15);
    return times.reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SEC;
  } catch {
    return 0;
  }
}
