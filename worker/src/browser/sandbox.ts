/** Whether a running browser's sandbox is really on, by what the kernel says of its renderers. */
import { pause } from '../clock.ts';
import { commandLine, processTree } from './process-tree.ts';

export interface SandboxState {
  readonly sandboxed: boolean;
  /** What was seen, for people. */
  readonly detail: string;
}

/**
 * A renderer is confined when its system calls are filtered (seccomp mode 2) and it has a pid namespace of its own.
 *
 * @param browserPid a browser that shows at least one page
 */
export function readSandbox(browserPid: number): SandboxState {
  if (process.platform !== 'linux')
    return { sandboxed: true, detail: 'not checked on this platform; its flags leave it on' };
  const renderers = processTree(browserPid).filter(({ pid }) => commandLine(pid).includes('--type=renderer'));
  if (renderers.length === 0) return { sandboxed: false, detail: 'no renderer process was found to look at' };
  const open = renderers.find((one) => one.seccomp !== 2 || one.pidNamespaces < 2);
  if (open) {
    return {
      sandboxed: false,
      detail: `renderer ${open.pid} has seccomp mode ${open.seccomp} and ${open.pidNamespaces} pid namespace(s)`,
    };
  }
  return { sandboxed: true, detail: `${renderers.length} renderer(s) with seccomp filter and pid namespace` };
}

const LOOK_EVERY_MS = 50;

/**
 * Looks until every renderer is confined: one that was forked just now, as Chromium keeps one to spare, is not yet.
 *
 * @param waitMs after this what is seen counts; 0 looks once
 */
export async function untilSandboxed(look: () => SandboxState, waitMs: number): Promise<SandboxState> {
  const until = performance.now() + waitMs;
  for (;;) {
    const seen = look();
    if (seen.sandboxed || performance.now() >= until) return seen;
    await pause(LOOK_EVERY_MS);
  }
}
