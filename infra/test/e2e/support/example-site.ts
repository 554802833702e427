/** The example pages of the viewer on a server of their own, and what they load from elsewhere. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'puppeteer';
import { REPOSITORY } from '../../../src/repository.ts';

export interface ExampleSite {
  readonly origin: string;
  close(): void;
}

export async function startExampleSite(): Promise<ExampleSite> {
  const site = createServer((request, response) => {
    const name = new URL(request.url ?? '/', 'http://site').pathname.slice(1);
    readFile(join(REPOSITORY, 'viewer', 'examples', name)).then(
      (html) => response.setHeader('content-type', 'text/html').end(html),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  return { origin: `http://localhost:${(site.address() as AddressInfo).port}`, close: () => site.close() };
}

/** Answers what a page asks of another host, by the address without its query; all else goes its way. */
export async function answerFor(
  page: Page,
  host: string,
  answer: (path: string) => Promise<string | Buffer>,
): Promise<void> {
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    const { hostname, pathname } = new URL(request.url());
    if (hostname !== host) return void request.continue();
    const headers = { 'access-control-allow-origin': '*' };
    void answer(pathname).then(
      (body) => request.respond({ status: 200, contentType: 'text/javascript', headers, body }),
      () => request.respond({ status: 404, headers }),
    );
  });
}
