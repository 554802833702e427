/** Processes of a farm under test, as Linux lists them. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, type ProcessRecord, recordOf } from '../../../src/supervisor/process-identity.ts';

const POLL_MS = 50;

interface Listed {
  readonly pid: number;
  readonly parent: number;
  readonly command: readonly string[];
}

function listed(): Listed[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        // Redis writes its address into its command line, after a space.
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').split(/[\0 ]/);
        return [{ pid: Number(name), parent, command }];
      } catch {
        return []; // It has ended since.
      }
    });
}

/** Everything that `pid` started and that still runs, itself included. */
export function familyOf(pid: number): ProcessRecord[] {
  const all = listed();
  const family = new Set([pid]);
  for (let before = 0; before !== family.size; ) {
    before = family.size;
    for (const { pid: child, parent } of all) if (family.has(parent)) family.add(child);
  }
  return [...family].flatMap((member) => {
    try {
      return [recordOf(member)];
    } catch {
      return [];
    }
  });
}

/** The child of `pid` whose command line has the word, or a path that ends with it. @throws Error when there is none. */
export function childOf(pid: number | undefined, word: string): number {
  const found = listed().find(
    ({ parent, command }) => parent === pid && command.some((part) => part === word || part.endsWith(`/${word}`)),
  );
  if (!found) throw new Error(`process ${pid} has no child with “${word}” in its command line`);
  return found.pid;
}

/** Waits until the condition holds; the test's own time limit ends what never does. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(POLL_MS);
}

export const untilEnded = (family: readonly ProcessRecord[]): Promise<void> =>
  until(() => !family.some((record) => isRunning(record)));
