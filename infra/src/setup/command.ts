import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly ok: boolean;
  /** Standard output and error together; the last `KEPT_CHARS`. */
  readonly output: string;
}

const KEPT_CHARS = 20_000;

/**
 * Runs a command without a terminal, and ends it when it takes too long. Never throws: a command that cannot be
 * started is one that failed.
 *
 * @param onOutput gets the newest line, to show that something happens.
 */
export function runCommand(
  command: readonly [string, ...string[]],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
    /** Ends the command, which is one that failed then. */
    readonly signal?: AbortSignal | undefined;
    readonly onOutput?: (line: string) => void;
  },
): Promise<CommandResult> {
  const [file, ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    let output = '';
    const timer = setTimeout(() => {
      output += `\n${file} did not end within ${options.timeoutMs / 1_000} s and was stopped.`;
      child.kill('SIGKILL');
    }, options.timeoutMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output = (output + chunk).slice(-KEPT_CHARS);
        options.onOutput?.(chunk.trim().split('\n').at(-1) ?? '');
      });
    }
    const stop = () => child.kill();
    options.signal?.addEventListener('abort', stop);
    if (options.signal?.aborted) stop();
    const end = (ok: boolean) => {
      options.signal?.removeEventListener('abort', stop);
      clearTimeout(timer);
      resolve({ ok, output: output.trim() });
    };
    child.on('error', (error) => {
      output += error.message;
      end(false);
    });
    child.on('close', (code) => end(code === 0));
  });
}
