/** Where the farm is and with which key: options, else KILN_URL and KILN_API_KEY, else the farm of this KILN_HOME. */
import { KilnError } from '@kiln/shared';
import type { Environment } from '../config.ts';
import { findCredentials } from '../credentials.ts';

export interface ConnectionOptions {
  readonly url?: string;
  readonly apiKey?: string;
}

/** Who KILN_USER says submits jobs; null where it is not set. */
export const userOfEnvironment = (env: Environment = process.env): string | null => env.KILN_USER || null;

export interface Connection {
  readonly url: string;
  readonly apiKey: string;
  /** For people: the variable, option or file that the key came from. */
  readonly keySource: string;
}

/**
 * @param cwd where the search for a `.kiln` folder begins.
 * @throws KilnError `identity.missing` when no key is known; `request.invalid` for what is no address.
 */
export function findConnection(options: ConnectionOptions, cwd: string, env: Environment = process.env): Connection {
  const given = { url: options.url ?? env.KILN_URL, apiKey: options.apiKey ?? env.KILN_API_KEY };
  const found = given.url && given.apiKey ? null : findCredentials(cwd, env);
  const url = given.url || found?.url;
  // A key found on this machine is for the farm of this machine: it is sent nowhere else.
  const apiKey = given.apiKey || (found !== null && url === found.url ? found.apiKey : undefined);
  const keySource = options.apiKey ? '--api-key' : given.apiKey ? 'KILN_API_KEY' : (found?.file ?? '');
  if (url === undefined) {
    throw new KilnError(
      'client.unreachable',
      'No farm is known here: start one with `npm start`, or set KILN_URL and KILN_API_KEY.',
    );
  }
  if (!/^https?:\/\/[^/]/.test(url)) {
    throw new KilnError('request.invalid', `The farm’s address must begin with http:// or https://; it is “${url}”.`, {
      field: options.url ? '--url' : 'KILN_URL',
    });
  }
  if (!apiKey) {
    throw new KilnError('identity.missing', `No API key is known for ${url}: set KILN_API_KEY, or pass --api-key.`);
  }
  return { url: url.replace(/\/+$/, ''), apiKey, keySource };
}
