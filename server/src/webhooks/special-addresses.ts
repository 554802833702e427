/**
 * Addresses that are not of the public internet: whoever may have the server send requests there could reach what stands
 * beside it. After the registries of special-purpose addresses (RFC 6890 and its successors at IANA).
 */
import { BlockList, isIP } from 'node:net';
import type { SpecialNetworks } from '../config/server-config.ts';

const SPECIAL_IPV4: readonly (readonly [network: string, what: string])[] = [
  ['0.0.0.0/8', 'of this network'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'of a provider’s own network'],
  ['127.0.0.0/8', 'of this machine'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.2.0/24', 'for documentation'],
  ['192.88.99.0/24', 'reserved'],
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'for benchmarks'],
  ['198.51.100.0/24', 'for documentation'],
  ['203.0.113.0/24', 'for documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
];

const SPECIAL_IPV6: readonly (readonly [network: string, what: string])[] = [
  ['::/128', 'of this network'],
  ['::1/128', 'of this machine'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'link-local'],
  ['ff00::/8', 'multicast'],
  ['2001::/23', 'reserved'],
  ['2001:db8::/32', 'for documentation'],
  // 6to4 holds an IPv4 address that its relays send to.
  ['2002::/16', 'of a tunnel'],
  ['3fff::/20', 'for documentation'],
];
/** Whatever is outside is not given to anybody's public host. */
const GLOBAL_IPV6 = listOf(['2000::/3']);
/** These hold an IPv4 address in their last 32 bits, which is who is reached: mapped ones, and those of NAT64. */
const HOLDS_IPV4 = listOf(['::ffff:0:0/96', '64:ff9b::/96']);

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

const SPECIAL = [...SPECIAL_IPV4, ...SPECIAL_IPV6].map(([network, what]) => ({
  list: listOf([network]),
  family: isIP(network.split('/')[0] ?? ''),
  what,
}));

/** Says of an address what it is, `private` for one; null of one that may be reached. */
export type AddressGuard = (address: string) => string | null;

/** @param allowed special networks that may be reached all the same. */
export function addressGuard(allowed: SpecialNetworks): AddressGuard {
  if (allowed === 'all') return () => null;
  const open = listOf(allowed);
  return (given) => {
    const address = held(given);
    const family = isIP(address);
    const type = family === 6 ? 'ipv6' : 'ipv4';
    if (family === 0) return 'not one that can be read';
    if (open.check(address, type) || open.check(given, isIP(given) === 6 ? 'ipv6' : 'ipv4')) return null;
    const special = SPECIAL.find((one) => one.family === family && one.list.check(address, type));
    if (special) return special.what;
    return family === 6 && !GLOBAL_IPV6.check(address, 'ipv6') ? 'reserved' : null;
  };
}

/** The IPv4 address that an IPv6 address stands for; any other as it is. */
function held(address: string): string {
  if (isIP(address) !== 6 || !HOLDS_IPV4.check(address, 'ipv6')) return address;
  const dotted = /(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  if (dotted !== undefined) return dotted;
  // As URLs write it: the last two groups, of which `::` may stand for zeros.
  const groups = address.split('::').at(-1)?.split(':') ?? [];
  const [high = '0', low = '0'] = ['0', '0', ...groups].slice(-2).map((group) => (group === '' ? '0' : group));
  const bits = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return bits.flatMap((word) => [word >> 8, word & 0xff]).join('.');
}
