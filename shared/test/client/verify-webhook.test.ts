import { describe, expect, test } from 'vitest';
import { verifyWebhook, type WebhookDelivered } from '../../src/client/verify-webhook.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const SENT_SEC = 1_614_265_330;

const KEY = await crypto.subtle.importKey(
  'raw',
  Uint8Array.from(atob(SECRET.slice('whsec_'.length)), (char) => char.charCodeAt(0)),
  { name: 'HMAC', hash: 'SHA-256' },
  false,
  ['sign'],
);

/** As the farm signs it. */
async function sent(body: string): Promise<WebhookDelivered> {
  const id = 'msg_00000000000000000000';
  const text = new TextEncoder().encode(`${id}.${SENT_SEC}.${body}`);
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', KEY, text));
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(SENT_SEC),
    'webhook-signature': `v1,${btoa(String.fromCharCode(...mac))}`,
  };
  return { secret: SECRET, headers, body, subtle: crypto.subtle, nowMs: SENT_SEC * 1_000 };
}

const MESSAGE = {
  id: 'msg_00000000000000000000',
  type: 'webhook.test',
  createdAt: '2021-02-25T15:02:10.000Z',
  job: null,
};

describe('verifyWebhook', () => {
  test('gives a message that is signed and of now, beside signatures of others, and text beyond ASCII', async () => {
    const body = JSON.stringify({ ...MESSAGE, more: 'Möbius 🌀 %41' });
    const good = await sent(body);
    expect(await verifyWebhook(good)).toMatchObject(MESSAGE);
    const signature = `v1a,AAAA v1,AAAA v1,% ${good.headers['webhook-signature']}`;
    expect(
      await verifyWebhook({ ...good, headers: { ...good.headers, 'webhook-signature': signature } }),
    ).toMatchObject(MESSAGE);
    for (const awaySec of [-300, 300]) {
      expect(await verifyWebhook({ ...good, nowMs: (SENT_SEC + awaySec) * 1_000 })).toMatchObject(MESSAGE);
    }
  });

  test('takes what Standard Webhooks gives as its example', async () => {
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': String(SENT_SEC),
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    const example = { secret: SECRET, headers, body: '{"test": 2432232314}', subtle: crypto.subtle };
    // Its body is not one of ours.
    await expect(verifyWebhook({ ...example, nowMs: SENT_SEC * 1_000 })).rejects.toThrow('the message is signed, but');
  });

  test('refuses what is not signed with the secret, is changed, old, of the future, or lacks a header', async () => {
    const good = await sent(JSON.stringify(MESSAGE));
    const { headers } = good;
    const bad: WebhookDelivered[] = [
      { ...good, secret: `whsec_${btoa('another secret of some length')}` },
      { ...good, secret: 'whsec_' },
      { ...good, secret: SECRET.slice('whsec_'.length) },
      { ...good, body: good.body.replace('null', 'null ') },
      { ...good, body: `${good.body}\ud800` },
      { ...good, nowMs: (SENT_SEC + 301) * 1_000 },
      { ...good, nowMs: (SENT_SEC - 301) * 1_000 },
      { ...good, nowMs: (SENT_SEC + 11) * 1_000, toleranceSec: 10 },
      { ...good, headers: { ...headers, 'webhook-id': 'msg_00000000000000000001' } },
      { ...good, headers: { ...headers, 'webhook-timestamp': String(SENT_SEC + 1) } },
      { ...good, headers: { ...headers, 'webhook-timestamp': 'Infinity' } },
      { ...good, headers: { ...headers, 'webhook-signature': 'v1,' } },
      {
        ...good,
        headers: { ...headers, 'webhook-signature': String(headers['webhook-signature']).replace('v1,', 'v2,') },
      },
      ...Object.keys(headers).map((name) => ({ ...good, headers: { ...headers, [name]: undefined } })),
    ];
    for (const one of bad) await expect(verifyWebhook(one)).rejects.toMatchObject({ code: 'client.bad_webhook' });
  });
});
