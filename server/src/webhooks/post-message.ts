/** One request to a hook. Redirects are not followed: they could lead where the hook may not. */
import { type ClientRequest, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { WEBHOOK_LIMITS } from '../limits.ts';
import type { Address } from './destination.ts';

export interface Post {
  readonly url: URL;
  /** Of its host: it is connected to one of these, whatever name servers say by then. */
  readonly addresses: readonly [Address, ...Address[]];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** @returns the answer's status. @throws when none comes before the signal. */
export function postMessage({ url, addresses, headers, body, signal }: Post): Promise<number> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const lookup: LookupFunction = (_hostname, { all }, callback) => {
      if (all) callback(null, [...addresses]);
      else callback(null, addresses[0].address, addresses[0].family);
    };
    const sent: ClientRequest = request(url, {
      method: 'POST',
      agent: false,
      lookup,
      signal,
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    });
    sent.on('error', reject);
    sent.on('response', (answer) => {
      const status = answer.statusCode ?? 0;
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > WEBHOOK_LIMITS.answerBytes) answer.destroy();
      });
      // However its body ends: that it was taken has been said.
      answer.on('error', () => undefined);
      answer.on('close', () => resolve(status));
    });
    sent.end(body);
  });
}
