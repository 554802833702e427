import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { asKilnError } from '../../src/http/errors.ts';

const sockets: Socket[] = [];
/** Takes connections and says nothing, as a database that is overwhelmed. */
const silent = createServer((socket) => sockets.push(socket));
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  silent.close();
});

test('who waits too long for a connection to the database is told to try again', async () => {
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  const address = silent.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const pool = new pg.Pool({ host: '127.0.0.1', port, user: 'kiln', max: 1, connectionTimeoutMillis: 200 });
  // The first is not answered, the second waits for the first.
  const failures = await Promise.all([1, 2].map(() => pool.connect().then(String, asKilnError)));
  expect(failures.map((failure) => (typeof failure === 'string' ? failure : failure.code))).toEqual([
    'storage.unavailable',
    'storage.unavailable',
  ]);
  await pool.end();
});
