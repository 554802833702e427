/** What the points of code under test call. Nothing else is in them, and there are none in code that is not under test. */
import { writeFileSync, writeSync } from 'node:fs';
import type { FaultPlan } from './fault-plan.ts';

const STDERR = 2;

let armed: FaultPlan | null = null;
let passes = 0;
let counts: Map<string, number> | null = null;

/** From now on this process does what the plan says. */
export function arm(plan: FaultPlan): void {
  armed = plan;
  passes = 0;
}

/** Counts the passes of every point, and writes them as JSON when the process ends in order. */
export function count(path: string): void {
  const counted = new Map<string, number>();
  counts = counted;
  process.on('exit', () => writeFileSync(path, JSON.stringify(Object.fromEntries(counted))));
}

export function pass(point: string): void {
  counts?.set(point, (counts.get(point) ?? 0) + 1);
  if (armed?.point !== point) return;
  passes += 1;
  if (passes !== armed.pass) return;
  // At once, for nothing that waits would be said any more.
  writeSync(STDERR, `fault: ${armed.text}\n`);
  if (armed.action === 'fail') throw new Error(`fault: ${armed.text}`);
  process.kill(process.pid, armed.action === 'kill' ? 'SIGKILL' : 'SIGSTOP');
}

export function passed<T>(value: T, point: string): T {
  pass(point);
  return value;
}
