/**
 * The thread that PGlite lives in: in the server's own event loop it would starve sockets (1,000 awaited inserts ran
 * 260 ms without a turn). One statement at a time; `pglite-client.ts` is the other side, with the messages' types.
 *
 * Plain JavaScript: threads of Node 20 do not inherit a TypeScript loader, and starting one in here took 0.3 s.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';

const port = parentPort;
if (port === null) throw new Error('pglite-thread.mjs runs as a worker thread only');
if (typeof workerData?.folder !== 'string') throw new Error('pglite-thread.mjs needs workerData.folder');

const ready = PGlite.create({ dataDir: workerData.folder });
// A failed start is reported to the first call; until then it must not end the thread as an unhandled rejection.
ready.catch(() => {});

const FIELDS = ['code', 'detail', 'table', 'constraint'];

/** @returns {import('./pglite-client.ts').PgliteFailure} */
function failureOf(error) {
  if (typeof error !== 'object' || error === null) return { message: String(error) };
  const fields = FIELDS.filter((name) => typeof error[name] === 'string').map((name) => [name, error[name]]);
  return { message: typeof error.message === 'string' ? error.message : 'unknown', ...Object.fromEntries(fields) };
}

/**
 * @param {import('./pglite-client.ts').PgliteCall} call
 * @returns {Promise<import('./pglite-client.ts').PgliteAnswer>}
 */
async function answer({ id, sql, parameters }) {
  try {
    const database = await ready;
    if (sql === null) {
      await database.close();
      return { id, rows: [], affectedRows: null };
    }
    const result = await database.query(sql, [...parameters]);
    return { id, rows: result.rows, affectedRows: result.affectedRows ?? null };
  } catch (error) {
    return { id, failure: failureOf(error) };
  }
}

port.on('message', (call) => {
  void answer(call).then((result) => port.postMessage(result));
});
