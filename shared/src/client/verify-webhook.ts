/** Whether a webhook's message came from the farm, and came now. Its headers are those of Standard Webhooks. */
import { KilnError } from '../errors.ts';
import { WebhookMessage } from '../schemas/webhook.ts';
import { parse } from '../validate.ts';

/** What is needed of WebCrypto: `crypto.subtle` of browsers, Node, Deno and workers is one. */
export interface HmacVerifier {
  importKey(
    format: 'raw',
    key: Uint8Array<ArrayBuffer>,
    algorithm: { name: 'HMAC'; hash: 'SHA-256' },
    extractable: boolean,
    uses: 'verify'[],
  ): Promise<unknown>;
  verify(
    algorithm: 'HMAC',
    key: unknown,
    signature: Uint8Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
  ): Promise<boolean>;
}

export interface WebhookDelivered {
  /** `whsec_…`, as it was shown when the hook was made. */
  readonly secret: string;
  /** Of the request, names in lower case, as Node's `request.headers` and `Object.fromEntries(request.headers)` are. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The request's body as it came: a signature is over its text. */
  readonly body: string;
  readonly subtle: HmacVerifier;
  /** Unix milliseconds: `Date.now()`. */
  readonly nowMs: number;
  /** @defaultValue 300, either way: what is older may be somebody's who listened and sends it again. */
  readonly toleranceSec?: number;
}

const TOLERANCE_SEC = 300;
const SECRET_PREFIX = 'whsec_';

/**
 *     const message = await verifyWebhook({
 *       secret: 'whsec_…',
 *       headers: request.headers,
 *       body,
 *       subtle: crypto.subtle,
 *       nowMs: Date.now(),
 *     });
 *     if (message.type === 'job.failed') console.log(message.job?.error?.message);
 *
 * @returns the message. One that came before has the same `id`.
 * @throws KilnError `client.bad_webhook`; answer it with 400.
 */
export async function verifyWebhook(delivered: WebhookDelivered): Promise<WebhookMessage> {
  const { secret, headers, body, subtle, nowMs, toleranceSec = TOLERANCE_SEC } = delivered;
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => {
    const value = headers[name];
    if (typeof value !== 'string' || value === '') throw bad(`the header ${name} is missing`);
    return value;
  }) as [string, string, string];
  const ageSec = nowMs / 1_000 - Number(timestamp);
  if (!/^\d{1,15}$/.test(timestamp) || Math.abs(ageSec) > toleranceSec) {
    throw bad(`its time is more than ${toleranceSec} s from now: ${timestamp} (check this machine’s clock)`);
  }
  const key = bytesOfBase64(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : '');
  if (!key || key.length === 0) throw bad('the secret is not of the form whsec_…');
  const hmac = await subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
  const signed = utf8(`${id}.${timestamp}.${body}`);
  for (const signature of signatures.split(' ')) {
    const bytes = signature.startsWith('v1,') ? bytesOfBase64(signature.slice('v1,'.length)) : null;
    if (bytes && (await subtle.verify('HMAC', hmac, bytes, signed))) return messageOf(body);
  }
  throw bad('no signature of it is right for this secret');
}

const bad = (why: string) => new KilnError('client.bad_webhook', `this is no message of the farm: ${why}`);

function messageOf(body: string): WebhookMessage {
  try {
    return parse(WebhookMessage, JSON.parse(body), 'the message');
  } catch (cause) {
    throw new KilnError('client.bad_webhook', 'the message is signed, but not what this version reads', { cause });
  }
}

/** There is no TextEncoder in the types that browsers and Node share. */
function utf8(text: string): Uint8Array<ArrayBuffer> {
  // Half a surrogate pair has no UTF-8: it cannot have been sent.
  const escaped = encodeURIComponent(text.replace(/\p{Surrogate}/gu, ''));
  const bytes: number[] = [];
  for (let at = 0; at < escaped.length; at++) {
    if (escaped[at] === '%') {
      bytes.push(Number.parseInt(escaped.slice(at + 1, at + 3), 16));
      at += 2;
    } else bytes.push(escaped.charCodeAt(at));
  }
  return new Uint8Array(bytes);
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Null when it is none. */
function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> | null {
  const digits = text.replace(/={0,2}$/, '');
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let length = 0;
  for (const digit of digits) {
    const value = BASE64.indexOf(digit);
    if (value === -1) return null;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes[length++] = (bits >> held) & 0xff;
  }
  return bytes;
}
