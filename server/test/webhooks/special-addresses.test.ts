import { describe, expect, test } from 'vitest';
import { type Address, findDestination, readWebhookUrl } from '../../src/webhooks/destination.ts';
import { retryAfterMs } from '../../src/webhooks/retry-plan.ts';
import { addressGuard } from '../../src/webhooks/special-addresses.ts';

const nobody = async () => [];
const open = addressGuard([]);

/** Hosts of URLs: the same addresses come in many spellings. */
const REFUSED = [
  ...[
    '0.0.0.0',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.0.9',
    '169.254.169.254',
    '172.16.0.1',
  ],
  ...['172.31.255.255', '192.0.0.1', '192.0.2.1', '192.168.0.1', '198.18.0.1', '198.19.255.255', '198.51.100.7'],
  ...['203.0.113.1', '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255'],
  ...['2130706433', '0x7f.1', '0177.0.0.1', '127.1', '0', '0xa9fea9fe'],
  ...['[::]', '[::1]', '[fe80::1]', '[fc00::1]', '[fd12:3456::1]', '[ff02::1]', '[2001:db8::1]', '[2001::1]'],
  ...['[2002:7f00:1::]', '[3fff::1]', '[100::1]', '[::7f00:1]', '[5f00::1]'],
  ...['[::ffff:127.0.0.1]', '[::ffff:10.0.0.1]', '[::ffff:a9fe:a9fe]', '[64:ff9b::7f00:1]', '[64:ff9b::]'],
];
const TAKEN = [
  ...['1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.1'],
  ...[
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
  ],
  ...['[2606:4700:4700::1111]', '[2001:200::1]', '[::ffff:1.1.1.1]', '[64:ff9b::101:101]'],
];

describe('an address that a webhook may have', () => {
  test.each(REFUSED)('is not %s', async (host) => {
    const asked = findDestination(readWebhookUrl(`http://${host}:8080/x`), open, nobody);
    await expect(asked).rejects.toMatchObject({ code: 'request.invalid', field: '/url' });
  });

  test.each(TAKEN)('is %s', async (host) => {
    expect(await findDestination(readWebhookUrl(`https://${host}/x`), open, nobody)).toHaveLength(1);
  });

  test('is one of a host all of whose addresses may be', async () => {
    const good: Address = { address: '1.1.1.1', family: 4 };
    const bad: Address = { address: 'fd00::1', family: 6 };
    const url = readWebhookUrl('https://farm.example/x');
    expect(await findDestination(url, open, async () => [good])).toEqual([good]);
    await expect(findDestination(url, open, async () => [good, bad])).rejects.toThrow(
      'farm.example has the address fd00::1, which is private: this farm’s operator allows no webhooks there',
    );
    await expect(findDestination(url, open, nobody)).rejects.toThrow('there is no host farm.example');
  });

  test('is what the operator allows beside', () => {
    const some = addressGuard(['10.0.0.0/8', 'fd00::/8']);
    expect(['10.1.2.3', '::ffff:10.1.2.3', '::ffff:a01:203', 'fd00::1'].map(some)).toEqual([null, null, null, null]);
    expect(['127.0.0.1', '::1', 'fe80::1', '192.168.0.1'].map(some)).not.toContain(null);
    expect(['127.0.0.1', '::1', 'fe80::1', '224.0.0.1'].map(addressGuard('all'))).toEqual([null, null, null, null]);
  });

  test.each([
    'ftp://1.1.1.1/',
    'file:///etc/passwd',
    'nothing',
    '/path',
    'https://me:secret@1.1.1.1/',
    'http://me@1.1.1.1',
  ])('is not written %s', (text) => {
    expect(() => readWebhookUrl(text)).toThrow(expect.objectContaining({ code: 'request.invalid', field: '/url' }));
  });
});

test('tries grow rarer, and end after a day', () => {
  const waits: number[] = [];
  for (let tries = 1; ; tries++) {
    const waitMs = retryAfterMs(tries, 0.5);
    if (waitMs === null) break;
    waits.push(waitMs);
  }
  expect(waits.slice(0, 3)).toEqual([5_000, 30_000, 120_000]);
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  const hours = waits.reduce((sum, waitMs) => sum + waitMs, 0) / 3_600_000;
  expect(hours).toBeGreaterThan(23);
  expect(hours).toBeLessThanOrEqual(24.1);
  expect([retryAfterMs(1, 0), retryAfterMs(1, 1)]).toEqual([4_000, 6_000]);
});
