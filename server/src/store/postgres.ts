/** PostgreSQL proper, by `KILN_DATABASE_URL`. */
import { type Dialect, PostgresDialect } from 'kysely';
import pg from 'pg';
import { SERVER_LIMITS } from '../limits.ts';
import { PreparingClient } from './prepared.ts';

const INT8 = 20;

/** `bigint` as number: every one here (bytes, counters, epochs) stays far below 2^53, and PGlite gives numbers too. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (id: number, format?: 'text' | 'binary') => {
    if (id === INT8) return (text: string) => Number(text);
    return format === 'binary' ? pg.types.getTypeParser(id, 'binary') : pg.types.getTypeParser(id, 'text');
  },
};

/** @param onError is told of connections that break. */
export function postgresDialect(databaseUrl: string, onError: (error: Error) => void): Dialect {
  const pool = new pg.Pool({
    Client: PreparingClient,
    connectionString: databaseUrl,
    max: SERVER_LIMITS.storeConnections,
    connectionTimeoutMillis: SERVER_LIMITS.storeConnectMs,
    statement_timeout: SERVER_LIMITS.storeStatementMs,
    idle_in_transaction_session_timeout: SERVER_LIMITS.storeIdleMs,
    // Compiling what the dispatcher reads took 800 ms of a pass's 830, whenever the planner thought it to be long.
    options: '-c jit=off',
    application_name: 'kiln-server',
    types,
  });
  // Whoever uses a connection hears of its end by the query; where it ends between two of a transaction, nobody would listen.
  pool.on('connect', (client) => client.on('error', onError));
  pool.on('error', () => {});
  return new PostgresDialect({ pool });
}

/** A connection of its own: session locks are held by it, and gone with it. */
export async function connectPostgres(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: SERVER_LIMITS.storeConnectMs,
    // Every query of it is short: without an answer for so long the peer is gone.
    query_timeout: SERVER_LIMITS.storeConnectMs,
    keepAlive: true,
    application_name: 'kiln-leader',
    types,
  });
  await client.connect();
  return client;
}
