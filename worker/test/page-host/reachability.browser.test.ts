import { createSocket } from 'node:dgram';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LaunchedBrowser } from '../../src/browser/launch-browser.ts';
import type { OpenPage } from '../../src/browser/open-page.ts';
import { launchTinyBrowser } from '../support/tiny-browser.ts';

/** Something on this machine that a page must not reach: it counts who comes. */
async function openTrap(): Promise<{ server: Server; port: number; visits: () => number }> {
  let visits = 0;
  const server = createServer((_request, response) => response.end('reached'));
  server.on('connection', () => visits++);
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  return { server, port: (server.address() as AddressInfo).port, visits: () => visits };
}

describe('a page of the worker [WK14]', () => {
  let browser: LaunchedBrowser;
  let page: OpenPage;
  let other: OpenPage;
  let trap: Awaited<ReturnType<typeof openTrap>>;
  let folder: string;

  beforeAll(async () => {
    trap = await openTrap();
    browser = await launchTinyBrowser();
    page = await browser.openPage();
    other = await browser.openPage();
    folder = await mkdtemp(join(tmpdir(), 'kiln-test-'));
    await writeFile(join(folder, 'secret'), 'of another scene');
    const files = new Map([['a folder/secret.bin', { diskPath: join(folder, 'secret'), sizeBytes: 16 }]]);
    other.site.mountScene('f'.repeat(64), files);
  });

  afterAll(async () => {
    await browser?.close();
    trap?.server.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs `code` in the page without its content policy, as a program that broke out of it would. */
  const tryInPage = async (code: string): Promise<unknown> => {
    await page.page.setBypassCSP(true);
    await page.page.reload().catch(() => undefined);
    return page.page.evaluate(code);
  };

  it('cannot fetch from this machine, by any name or address', async () => {
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '0.0.0.0', 'x.localhost']) {
      const url = `http://${host}:${trap.port}/`;
      const seen = await tryInPage(
        `fetch(${JSON.stringify(url)}, { mode: 'no-cors' }).then((r) => r.type + r.status, (e) => 'refused')`,
      );
      // A refusal by the proxy is an opaque answer to a fetch without CORS; what counts is that nobody came.
      expect(['refused', 'opaque0'], host).toContain(seen);
    }
    expect(trap.visits()).toBe(0);
  });

  it('cannot fetch from the network, cannot resolve names', async () => {
    for (const url of ['http://example.com/', 'https://example.com/', 'http://192.0.2.1/', 'https://[2001:db8::1]/']) {
      const seen = await tryInPage(`fetch('${url}').then((r) => 'status ' + r.status, (e) => 'refused')`);
      expect(seen, url).toBe('refused');
    }
  });

  it('cannot open a WebSocket but to its own worker', async () => {
    for (const url of [`ws://127.0.0.1:${trap.port}/`, 'wss://example.com/', `ws://${other.site.host}:81/socket`]) {
      const seen = await tryInPage(
        `new Promise((resolve) => { const s = new WebSocket('${url}'); s.onopen = () => resolve('open'); s.onerror = () => resolve('refused'); })`,
      );
      expect(seen, url).toBe('refused');
    }
    expect(trap.visits()).toBe(0);
  });

  it('cannot load images, scripts or styles, send beacons, or prefetch from elsewhere', async () => {
    const base = `http://127.0.0.1:${trap.port}`;
    const seen = await tryInPage(`Promise.all([
      new Promise((resolve) => { const i = new Image(); i.onload = () => resolve('loaded'); i.onerror = () => resolve('refused'); i.src = '${base}/i.png'; }),
      import('${base}/m.js').then(() => 'loaded', () => 'refused'),
      new Promise((resolve) => { const l = document.createElement('link'); l.rel = 'stylesheet'; l.onload = () => resolve('loaded'); l.onerror = () => resolve('refused'); l.href = '${base}/s.css'; document.head.append(l); }),
      new Promise((resolve) => { const l = document.createElement('link'); l.rel = 'prefetch'; l.onload = () => resolve('loaded'); l.onerror = () => resolve('refused'); l.href = '${base}/p'; document.head.append(l); }),
    ]).then((all) => { navigator.sendBeacon('${base}/b', 'x'); return all; })`);
    expect(seen).toEqual(['refused', 'refused', 'refused', 'refused']);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(trap.visits()).toBe(0);
  });

  it('cannot send a packet by WebRTC or WebTransport', async () => {
    const udp = createSocket('udp4');
    let packets = 0;
    udp.on('message', () => packets++);
    await new Promise<void>((resolve) => udp.bind(0, '0.0.0.0', resolve));
    const turn = createTcpServer(() => packets++);
    await new Promise<void>((resolve) => turn.listen(0, '0.0.0.0', resolve));
    const udpPort = udp.address().port;
    const tcpPort = (turn.address() as AddressInfo).port;
    await tryInPage(`(async () => {
      const peer = new RTCPeerConnection({ iceServers: [
        { urls: 'stun:127.0.0.1:${udpPort}' },
        { urls: 'turn:127.0.0.1:${tcpPort}?transport=tcp', username: 'u', credential: 'c' },
        { urls: 'turn:127.0.0.1:${udpPort}?transport=udp', username: 'u', credential: 'c' },
      ] });
      peer.createDataChannel('x');
      await peer.setLocalDescription(await peer.createOffer());
      if ('WebTransport' in self) await new WebTransport('https://127.0.0.1:${udpPort}/').ready.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 1500));
    })()`);
    expect(packets).toBe(0);
    udp.close();
    turn.close();
  });

  it('cannot ask for the files of another page’s scene', async () => {
    const path = `/scene/${'f'.repeat(64)}/a%20folder/secret.bin`;
    expect(await other.page.evaluate(`fetch('${path}').then((r) => r.text())`)).toBe('of another scene');
    expect(await tryInPage(`fetch('${path}').then((r) => r.status)`)).toBe(404);
  });

  it('cannot leave its folder on the worker’s disk', async () => {
    for (const path of ['/../main.js', '/%2e%2e/%2e%2e/package.json', '/..%2f..%2fpackage.json', '/main.js%00']) {
      expect(await tryInPage(`fetch('${path}').then((r) => r.status)`), path).not.toBe(
        path === '/../main.js' ? 404 : 200,
      );
    }
  });

  it('keeps no window open', async () => {
    const before = (await page.page.browser().pages()).length;
    await tryInPage(`void window.open('about:blank')`);
    await expect.poll(async () => (await page.page.browser().pages()).length, { timeout: 100_000 }).toBe(before);
  });

  it('is refused what needs a permission', async () => {
    const seen = await tryInPage(`Promise.all(['geolocation', 'notifications', 'camera', 'microphone'].map(
      (name) => navigator.permissions.query({ name }).then((p) => p.state, () => 'denied')))`);
    expect(seen).not.toContain('granted');
  });

  it('is over when it navigates away', async () => {
    const leaver = await browser.openPage();
    await leaver.page.evaluate(`location.href = 'http://example.com/'`);
    expect((await leaver.client.lost).code).toBe('render.page_lost');
    await leaver.close(await leaver.client.lost);
  });

  it('answers on its port only who knows a page’s name', async () => {
    const { hostname, port } = new URL(`http://127.0.0.1:${browser.port}`);
    const ask = (path: string, host: string) =>
      new Promise<number>((resolve, reject) => {
        const asked = request({ hostname, port, path, headers: { host } }, (answer) => resolve(answer.statusCode ?? 0));
        asked.on('error', reject).end();
      });
    expect(await ask('/', page.site.host)).toBe(403);
    expect(await ask('http://guessed.localhost/', 'guessed.localhost')).toBe(403);
    expect(await ask(`http://${page.site.host}/`, page.site.host)).toBe(200);
  });
});
