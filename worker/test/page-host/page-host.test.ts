import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { PageHost } from '../../src/page-host/page-host.ts';
import { silent } from '../support/silent.ts';

/** Sends a request and cuts the connection off, as a browser that is killed does. */
async function sendAndReset(port: number, request: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  await new Promise<void>((resolve) => socket.write(request, () => resolve()));
  socket.resetAndDestroy();
  await once(socket, 'close');
}

it.each([
  ['tunnel', 'CONNECT evil.com:443 HTTP/1.1\r\nhost: evil.com:443\r\n\r\n'],
  ['upgrade', 'GET / HTTP/1.1\r\nhost: evil.com\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'],
])('[WK14] outlives the reset of a refused %s', async (_what, request) => {
  const uncaught: unknown[] = [];
  const keep = (error: unknown) => uncaught.push(error);
  process.on('uncaughtException', keep);
  const host = await PageHost.open('/nowhere', silent);
  try {
    await Promise.all(Array.from({ length: 20 }, () => sendAndReset(host.port, request)));
    const answer = await fetch(`http://127.0.0.1:${host.port}/`);
    expect(answer.status).toBe(403);
  } finally {
    await host.close();
    process.off('uncaughtException', keep);
  }
  expect(uncaught).toEqual([]);
});
