/** The server's side of the PGlite thread: statements out, rows back. */
import { Worker } from 'node:worker_threads';

/** To the thread. */
export interface PgliteCall {
  readonly id: number;
  /** `null` closes the database. */
  readonly sql: string | null;
  readonly parameters: readonly unknown[];
}

/** Fields of PostgreSQL's error, as far as the server reads them. */
export interface PgliteFailure {
  readonly message: string;
  readonly code?: string;
  readonly detail?: string;
  readonly table?: string;
  readonly constraint?: string;
}

/** From the thread. */
export type PgliteAnswer =
  | { readonly id: number; readonly rows: readonly unknown[]; readonly affectedRows: number | null }
  | { readonly id: number; readonly failure: PgliteFailure };

export interface PgliteResult {
  readonly rows: readonly unknown[];
  readonly affectedRows: number | null;
}

/** An error of the database; `code` is its SQLSTATE, as with `pg`. */
class PgliteError extends Error {
  override readonly name = 'PgliteError';
  readonly code: string | undefined;
  readonly detail: string | undefined;
  readonly table: string | undefined;
  readonly constraint: string | undefined;

  constructor(failure: PgliteFailure) {
    super(failure.message);
    this.code = failure.code;
    this.detail = failure.detail;
    this.table = failure.table;
    this.constraint = failure.constraint;
  }
}

/** The thread is gone, and with it every session: as a connection that broke (`connection_failure`). */
class PgliteLostError extends Error {
  override readonly name = 'PgliteLostError';
  readonly code = '08006';
}

/** @param folder the database's; the caller holds its lock. */
export const startPgliteThread = (folder: string): Worker =>
  new Worker(new URL('./pglite-thread.mjs', import.meta.url), { workerData: { folder }, execArgv: [] });

interface Waiting {
  resolve(result: PgliteResult): void;
  reject(error: Error): void;
}

export class PgliteClient {
  readonly #thread: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #ended: Error | null = null;
  #closing = false;

  /**
   * @param thread of `startPgliteThread`.
   * @param onLost called once when the thread ends by itself: nothing can be read or written any more.
   */
  constructor(thread: Worker, onLost: (error: Error) => void = () => {}) {
    this.#thread = thread;
    thread.on('message', (answer: PgliteAnswer) => this.#settle(answer));
    thread.on('error', (cause) => this.#end(new PgliteLostError('the database thread failed', { cause }), onLost));
    thread.on('exit', () => this.#end(new PgliteLostError('the database thread has ended'), onLost));
  }

  /** @throws PgliteError when the database refuses the statement. */
  query(sql: string, parameters: readonly unknown[]): Promise<PgliteResult> {
    return this.#call(sql, parameters);
  }

  async close(): Promise<void> {
    if (this.#ended !== null) return;
    this.#closing = true;
    await this.#call(null, []);
    await this.#thread.terminate();
  }

  #call(sql: string | null, parameters: readonly unknown[]): Promise<PgliteResult> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#thread.postMessage({ id, sql, parameters } satisfies PgliteCall);
    });
  }

  #settle(answer: PgliteAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('failure' in answer) waiting?.reject(new PgliteError(answer.failure));
    else waiting?.resolve(answer);
  }

  #end(error: Error, onLost: (error: Error) => void): void {
    if (this.#ended !== null) return;
    this.#ended = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    if (!this.#closing) onLost(error);
  }
}
