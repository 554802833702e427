/** What /proc says of processes. Elsewhere than on Linux there is none, and every answer is empty. */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  readonly uid: number;
  /** 2: system calls are filtered. */
  readonly seccomp: number;
  /** Nested pid namespaces, 1 when it shares this process's. */
  readonly pidNamespaces: number;
  readonly rssBytes: number;
}

/** All processes, or those in `pids`. */
export function processesOf(pids?: Iterable<number>): ProcessEntry[] {
  const wanted = pids ?? allPids();
  const entries: ProcessEntry[] = [];
  for (const pid of wanted) {
    const status = read(`/proc/${pid}/status`);
    if (status !== null) entries.push(parseStatus(pid, status));
  }
  return entries;
}

function parseStatus(pid: number, status: string): ProcessEntry {
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.trim() ?? '';
  return {
    pid,
    parentPid: Number(field('PPid')),
    uid: Number(field('Uid').split(/\s+/)[0]),
    seccomp: Number(field('Seccomp')),
    pidNamespaces: field('NSpid').split(/\s+/).length,
    rssBytes: (Number.parseInt(field('VmRSS'), 10) || 0) * 1_024,
  };
}

function allPids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** `root` and everything below it. */
export function processTree(root: number): ProcessEntry[] {
  const all = processesOf();
  const found = all.filter((entry) => entry.pid === root);
  for (const parent of found)
    found.push(...all.filter((entry) => entry.parentPid === parent.pid && entry.pid !== root));
  return found;
}

/** Command line of a process, its arguments separated by spaces; empty when it is gone. */
export const commandLine = (pid: number) => (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim();

/** Pids of processes whose command line contains `text`. */
export const pidsWith = (text: string) => allPids().filter((pid) => commandLine(pid).includes(text));

/**
 * Clock ticks since boot at which a process started: with its pid, this names it for good. Null when it has ended, also
 * when nobody has asked how (a zombie stays until its parent does).
 */
export function startTicks(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The name, second field, may hold spaces and brackets: count from its last bracket. Field 3 is the state, 22 the start.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? null : (fields[19] ?? null);
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
