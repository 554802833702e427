/** A page as somebody without Kiln would write it: own server, own WebSocket, visible canvas. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Page } from 'puppeteer';
import { WebSocketServer } from 'ws';
import { withPlainBrowser } from '../src/trial/plain-browser.ts';

/**
 * Runs `work` with a page of a fresh browser, at a page of a server of its own, whose WebSocket answers each message with `ok`.
 *
 * @param files served by path: text or bytes; what ends in `.js` is a script.
 */
export async function withPlainPage<T>(
  files: Readonly<Record<string, string | Uint8Array>>,
  work: (page: Page) => Promise<T>,
): Promise<T> {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const file = files[path];
    if (file === undefined) return void response.writeHead(404).end();
    const type = path.endsWith('.js') ? 'text/javascript' : path === '/' ? 'text/html' : 'application/octet-stream';
    response.writeHead(200, { 'content-type': type }).end(file);
  });
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (socket) => socket.on('message', () => socket.send('ok')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  try {
    return await withPlainBrowser(async (page) => {
      await page.goto(`http://127.0.0.1:${address.port}/`);
      return work(page);
    });
  } finally {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    server.close();
  }
}
