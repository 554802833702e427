import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackOff } from './back-off.ts';
import { type PidFiles, signalGroup } from './left-overs.ts';
import { LogFile } from './log-file.ts';

/** Lines of a process's last words that are shown when it fails to start. */
const LAST_WORDS_CHARS = 4_000;

export interface ChildSpec {
  /** Names the log and the pid file: `server`, `worker-1`. */
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** A channel to a Node process, by which it reports and notices that this one is gone. */
  readonly ipc: boolean;
  /** Resolves when the process that was just started can be used. */
  isReady(process: ChildProcess): Promise<void>;
}

export interface ChildContext {
  readonly pidFiles: PidFiles;
  readonly logFolder: string;
  /** Told of every crash, and in how many milliseconds the process comes back. */
  onCrash(name: string, how: string, restartInMs: number): void;
  /** Told of what goes wrong around a process that runs on, as on a full disk. */
  onTrouble(name: string, what: string): void;
}

/** A process that did not become ready the first time. */
export class StartError extends Error {
  override readonly name = 'StartError';
  /** With which it ended, when it did. */
  readonly exitCode: number | null;

  constructor(message: string, exitCode: number | null = null) {
    super(message);
    this.exitCode = exitCode;
  }
}

interface Exit {
  /** For people: a signal, or `exit code 1`. */
  readonly how: string;
  readonly code: number | null;
}

/**
 * A child process that is started again whenever it ends by itself. It leads its own process group, so that the
 * terminal's Ctrl-C reaches only the supervisor, and all it started can be ended with it.
 */
export class Child {
  readonly spec: ChildSpec;
  readonly #context: ChildContext;
  readonly #log: LogFile;
  readonly #backOff = new BackOff();
  readonly #stopping = new AbortController();
  #process: ChildProcess | undefined;
  #exited: Promise<Exit> = Promise.resolve({ how: '', code: null });
  #lastWords = '';
  #wasReady = false;

  constructor(spec: ChildSpec, context: ChildContext) {
    this.spec = spec;
    this.#context = context;
    this.#log = new LogFile(`${context.logFolder}/${spec.name}.log`, (why) =>
      context.onTrouble(spec.name, `its log cannot be written (${why}); lines are lost until it can`),
    );
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /**
   * Starts it and waits until it is ready.
   *
   * @throws StartError with its last words when it ends before.
   */
  async start(): Promise<void> {
    const process = this.#spawn();
    const ended = this.#exited.then(({ how, code }) => {
      throw new StartError(`${this.spec.name} ended at once (${how}).\n${reasonIn(this.#lastWords)}`, code);
    });
    await Promise.race([this.spec.isReady(process), ended]);
    this.#wasReady = true;
    // From here on an end is a crash that is mended, not a failure to start.
    ended.catch(() => undefined);
  }

  /** Asks it to end, and ends its whole process group when it has not by the deadline. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopping.abort();
    const pid = this.pid;
    if (pid !== undefined) {
      this.#process?.kill('SIGTERM');
      const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), timeoutMs);
      await this.#exited;
      clearTimeout(timer);
    }
    this.#context.pidFiles.remove(this.spec.name);
    this.#log.close();
  }

  /** Ends it now, without waiting. */
  kill(): void {
    this.#stopping.abort();
    if (this.pid !== undefined) signalGroup(this.pid, 'SIGKILL');
    this.#context.pidFiles.remove(this.spec.name);
  }

  #spawn(): ChildProcess {
    const [file, ...args] = this.spec.command;
    const startedMs = Date.now();
    const child = spawn(file, args, {
      cwd: this.spec.cwd,
      env: { ...this.spec.env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', ...(this.spec.ipc ? (['ipc'] as const) : [])],
    });
    this.#process = child;
    this.#lastWords = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => this.#hear(chunk));
    this.#exited = new Promise((resolve) => {
      child.on('error', (error) => resolve({ how: error.message, code: null }));
      child.on('close', (code, signal) => resolve({ how: signal ?? `exit code ${code}`, code }));
    });
    if (child.pid !== undefined) this.#note(child.pid);
    void this.#exited.then(({ how }) => this.#ended(child, how, Date.now() - startedMs));
    return child;
  }

  /** Without its note it runs as well; only a start after a crash of this process could not end it. */
  #note(pid: number): void {
    try {
      this.#context.pidFiles.write(this.spec.name, pid);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#context.onTrouble(this.spec.name, `its process number ${pid} cannot be noted (${why})`);
    }
  }

  #hear(chunk: Buffer): void {
    this.#log.write(chunk);
    this.#lastWords = (this.#lastWords + chunk.toString('utf8')).slice(-LAST_WORDS_CHARS);
  }

  async #ended(child: ChildProcess, how: string, ranMs: number): Promise<void> {
    // What it started and left behind, as a crashed worker may leave a browser.
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    this.#process = undefined;
    if (this.#stopping.signal.aborted || !this.#wasReady) return;
    const waitMs = this.#backOff.next(ranMs);
    this.#context.onCrash(this.spec.name, how, waitMs);
    await sleep(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    if (!this.#stopping.signal.aborted) this.#spawn();
  }
}

/** What a process said for people; its log lines only when it said nothing else. */
function reasonIn(lastWords: string): string {
  // Of the first line the beginning may be lost.
  const lines = lastWords.length < LAST_WORDS_CHARS ? lastWords.split('\n') : lastWords.split('\n').slice(1);
  const said = lines.filter((line) => !line.startsWith('{"level":')).join('\n');
  return (said.trim() === '' ? lastWords : said).trim();
}
