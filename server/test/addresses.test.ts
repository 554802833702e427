import { expect, test } from 'vitest';
import { advertisedUrlOf, ownAddressOf } from '../src/addresses.ts';

const BALANCER = 'https://farm.example';
const listening = (host: string, more: object = {}) => ({
  ...{ host, advertiseUrl: BALANCER, serverUrl: null, tls: null },
  ...more,
});
const TLS = { certPath: 'cert.pem', keyPath: 'key.pem' };

test('everybody is sent to the advertised address, else to where the server listens', () => {
  expect(advertisedUrlOf(listening('0.0.0.0'), 7_700)).toBe(BALANCER);
  const own = { advertiseUrl: null };
  expect(advertisedUrlOf(listening('0.0.0.0', own), 7_700)).toBe('http://127.0.0.1:7700');
  expect(advertisedUrlOf(listening('::', { ...own, tls: TLS }), 7_700)).toBe('https://[::1]:7700');
});

test.each([
  ['a private address that it listens on', listening('10.1.2.3'), [], 'http://10.1.2.3:7700'],
  ['loopback', listening('127.0.0.1'), [], 'http://127.0.0.1:7700'],
  ['IPv6', listening('fd00::1'), [], 'http://[fd00::1]:7700'],
  ['the first private one of its machine', listening('0.0.0.0'), ['8.8.8.8', '172.20.0.4'], 'http://172.20.0.4:7700'],
  ['no public address', listening('0.0.0.0'), ['8.8.8.8', '172.32.0.4'], BALANCER],
  ['no public address that it listens on', listening('8.8.8.8'), [], BALANCER],
  ['no address that its certificate is not for', listening('10.1.2.3', { tls: TLS }), [], BALANCER],
  ['what it is told', listening('10.1.2.3', { serverUrl: 'https://one.farm' }), [], 'https://one.farm'],
])('[LV42] other servers reach it at %s', (_, config, addresses, url) => {
  expect(ownAddressOf(config, 7_700, addresses).url).toBe(url);
});

test('[LV42] two servers of a machine listen at two places, whatever they advertise', () => {
  const placeAt = (port: number) => ownAddressOf(listening('0.0.0.0'), port).place;
  expect(placeAt(7_700)).not.toBe(placeAt(7_701));
  expect(placeAt(7_700)).toBe(placeAt(7_700));
});
