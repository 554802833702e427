import { createServer } from 'node:net';
import { KilnError } from '@kiln/shared';

/**
 * Whether this process could listen there now.
 *
 * @param port 0: any free one.
 * @returns the port.
 * @throws KilnError `resource.conflict` when it is taken, or the address is none of this machine's.
 */
export function requireFreePort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause) => {
      const message = `Port ${port} of ${host} cannot be had (${cause.message}). Set KILN_PORT to a free one.`;
      reject(new KilnError('resource.conflict', message, { cause }));
    });
    probe.listen(port, host, () => {
      const address = probe.address();
      const got = address !== null && typeof address === 'object' ? address.port : port;
      probe.close(() => resolve(got));
    });
  });
}
