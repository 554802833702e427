/** A connection that can be slow, stall or break: TCP to a server on this machine. */
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Link {
  readonly url: string;
  /** Each way; 0: as fast as it goes. */
  bytesPerSec: number;
  /** Nothing passes while it is set. */
  isStalled: boolean;
  /** The next connections, one each, break when so many bytes came from the server. */
  readonly cutAfterBytes: number[];
  /** Bytes that came from the server. */
  receivedBytes: number;
  close(): Promise<void>;
}

const STALL_POLL_MS = 20;

export async function startLink(target: string): Promise<Link> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => sockets.delete(socket));
    }
    let cutAfter = Number.POSITIVE_INFINITY;
    void pass(client, upstream, () => {
      if (cutAfter === Number.POSITIVE_INFINITY) cutAfter = link.cutAfterBytes.shift() ?? cutAfter;
      return true;
    });
    void pass(upstream, client, (bytes) => {
      link.receivedBytes += bytes;
      cutAfter -= bytes;
      return cutAfter > 0;
    });
  });

  /** @param goesOn is told of each piece before it is passed. */
  async function pass(from: Socket, to: Socket, goesOn: (bytes: number) => boolean): Promise<void> {
    try {
      for await (const chunk of from) {
        while (link.isStalled && !to.destroyed) await sleep(STALL_POLL_MS);
        if (link.bytesPerSec > 0) await sleep((chunk.length / link.bytesPerSec) * 1_000);
        if (!goesOn(chunk.length)) return void to.destroy();
        if (!to.destroyed && !to.write(chunk))
          await new Promise((resolve) => to.once('drain', resolve).once('close', resolve));
      }
      to.end();
    } catch {
      to.destroy();
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const link: Link = {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    bytesPerSec: 0,
    isStalled: false,
    cutAfterBytes: [],
    receivedBytes: 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return link;
}
