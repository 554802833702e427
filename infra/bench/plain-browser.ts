/** A browser and a page as somebody without Kiln would write them: own server, own WebSocket, visible canvas. */
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBrowser } from '@kiln/worker';
import puppeteer, { type Page } from 'puppeteer';
import { WebSocketServer } from 'ws';

const UNPRIVILEGED_ID = 65_534;
const FLAGS = [
  '--headless=new',
  '--no-first-run',
  '--hide-scrollbars',
  '--use-gl=angle',
  '--use-angle=gl-egl',
  '--ignore-gpu-blocklist',
  '--disable-background-networking',
  '--disable-component-update',
  '--force-device-scale-factor=1',
];

/** Runs `work` with a page of a fresh browser, started unprivileged so that its sandbox is on. */
export async function withPlainBrowser<T>(work: (page: Page) => Promise<T>): Promise<T> {
  const profile = await mkdtemp(join(tmpdir(), 'kiln-bench-profile-'));
  try {
    const found = await findBrowser({});
    if (!found) throw new Error('there is no browser on this machine');
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await chown(profile, UNPRIVILEGED_ID, UNPRIVILEGED_ID);
    const asNobody = [`--reuid=${UNPRIVILEGED_ID}`, `--regid=${UNPRIVILEGED_ID}`, '--clear-groups', found.path];
    const browser = await puppeteer.launch({
      executablePath: isRoot ? 'setpriv' : found.path,
      args: [...(isRoot ? asNobody : []), ...FLAGS, `--user-data-dir=${profile}`, 'about:blank'],
      ignoreDefaultArgs: true,
      pipe: true,
      env: { ...process.env, HOME: profile },
    });
    try {
      return await work(await browser.newPage());
    } finally {
      await browser.close();
    }
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * The same, at a page of a server of its own, whose WebSocket answers each message with `ok`.
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
