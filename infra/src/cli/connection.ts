import {
  type Client,
  createClient,
  type EventsConnection,
  type EventsOptions,
  type Fetch,
  KilnError,
  openEvents,
} from '@kiln/shared';
import type { Command } from 'commander';
import { WebSocket } from 'ws';
import { type Connection, type ConnectionOptions, findConnection } from './client-config.ts';

/** The farm that a command talks to. */
export interface FarmClient {
  readonly connection: Connection;
  readonly client: Client;
  events(options: Pick<EventsOptions, 'jobId' | 'sceneId' | 'onEvent' | 'onProgress' | 'onState'>): EventsConnection;
}

export function connect(options: ConnectionOptions): FarmClient {
  const connection = findConnection(options, process.cwd());
  return {
    connection,
    client: createClient({ ...connection, fetch: fetchAs(connection) }),
    events: (more) =>
      openEvents({
        ...connection,
        ...more,
        WebSocket,
        setTimer: (action, afterMs) => {
          const timer = setTimeout(action, afterMs);
          return () => clearTimeout(timer);
        },
      }),
  };
}

/** The farm knows only that no valid key came; here it is known which one was sent, and from where. */
const fetchAs =
  ({ url, keySource }: Connection): Fetch =>
  async (address, init) => {
    const response = await fetch(address, init);
    if (response.status !== 401) return response;
    throw new KilnError('identity.missing', `The key in ${keySource} is not known to ${url}: use a key of that farm.`);
  };

/** Adds what every command that talks to a farm understands. */
export const withConnection = (command: Command): Command =>
  command
    .option('--url <url>', 'address of the farm (KILN_URL; else the farm of this folder)')
    .option('--api-key <key>', 'API key (KILN_API_KEY; else from .kiln/credentials.json)')
    .option('--json', 'print JSON');
