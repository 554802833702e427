import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createFileTransfer } from '../../src/upload/file-transfer.ts';

/** Takes no upload. */
const server = createServer((request, response) => {
  asked.push(String(request.headers['upload-metadata']));
  response.writeHead(400).end();
});
let asked: string[] = [];
beforeEach(async () => {
  asked = [];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Outside of a browser the library sends buffers, not files. */
const fileOf = (name: string) => Object.assign(Buffer.from('bytes'), { name, size: 5 }) as unknown as File;

const transferOf = (name: string) =>
  createFileTransfer({
    file: fileOf(name),
    sha256: '0'.repeat(64),
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/uploads`,
    onProgress() {},
    onStalled() {},
  });

it.each(['pause', 'cancel'] as const)('sends nothing after a %s that comes before it has begun', async (how) => {
  const stopped = transferOf('stopped.bin');
  void stopped.run();
  void stopped[how]();
  // This one begins later, and asks.
  await expect(transferOf('other.bin').run()).rejects.toMatchObject({ code: 'client.bad_answer' });
  expect(asked).toEqual([expect.stringContaining(btoa('other.bin'))]);
});
