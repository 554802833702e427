/**
 * The thread that PGlite lives in: in the server's own event loop it would starve sockets (1,000 awaited inserts ran
 * 260 ms without a turn). One statement at a time; `pglite-client.ts` is the other side.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';

interface PgliteCall {
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

export type PgliteAnswer =
  | { readonly id: number; readonly rows: readonly unknown[]; readonly affectedRows: number | null }
  | { readonly id: number; readonly failure: PgliteFailure };

const port = parentPort;
if (port === null) throw new Error('pglite-thread.ts runs as a worker thread only');

const data: unknown = workerData;
if (typeof data !== 'object' || data === null || !('folder' in data) || typeof data.folder !== 'string') {
  throw new Error('pglite-thread.ts needs workerData.folder');
}

const ready = PGlite.create({ dataDir: data.folder });
// A failed start is reported to the first call; until then it must not end the thread as an unhandled rejection.
ready.catch(() => {});

const text = (error: object, field: string): string | undefined => {
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'string' ? value : undefined;
};

function failureOf(error: unknown): PgliteFailure {
  if (typeof error !== 'object' || error === null) return { message: String(error) };
  const fields = ['code', 'detail', 'table', 'constraint'].flatMap((field) => {
    const value = text(error, field);
    return value === undefined ? [] : [[field, value]];
  });
  return { message: text(error, 'message') ?? 'unknown', ...Object.fromEntries(fields) };
}

async function answer(call: PgliteCall): Promise<PgliteAnswer> {
  try {
    const database = await ready;
    if (call.sql === null) {
      await database.close();
      return { id: call.id, rows: [], affectedRows: null };
    }
    const result = await database.query(call.sql, [...call.parameters]);
    return { id: call.id, rows: result.rows, affectedRows: result.affectedRows ?? null };
  } catch (error) {
    return { id: call.id, failure: failureOf(error) };
  }
}

port.on('message', (call: PgliteCall) => {
  void answer(call).then((result) => port.postMessage(result));
});
