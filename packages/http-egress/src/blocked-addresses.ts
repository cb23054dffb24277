import { BlockList } from 'node:net';

const ipv4 =
  '0/8 10/8 100.64/10 127/8 169.254/16 172.16/12 192.0.0/24 192.0.2/24 192.88.99/24 192.168/16 198.18/15 198.51.100/24 203.0.113/24 224/4 240/4';
const ipv6 =
  '::/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8';

const splitBlock = (block: string): readonly [network: string, bits: number] => {
  const slash = block.indexOf('/');
  return [block.slice(0, slash), Number(block.slice(slash + 1))];
};

/**
 * Addresses that are not of the public internet: private, loopback, link-local, shared, documentation, benchmarking, multicast and reserved ones,
 * and IPv6 ranges that carry an IPv4 address. `::ffff:0:0/96` must never be added: `BlockList` then blocks all of IPv4, while mapped addresses are
 * matched by the IPv4 blocks without it.
 */
export const createBlockedAddresses = (): BlockList => {
  const addresses = new BlockList();
  for (const [network, bits] of ipv4.split(' ').map(splitBlock)) {
    const padded = [...network.split('.'), '0', '0', '0'].slice(0, 4).join('.');
    addresses.addSubnet(padded, bits, 'ipv4');
  }
  for (const [network, bits] of ipv6.split(' ').map(splitBlock)) addresses.addSubnet(network, bits, 'ipv6');
  return addresses;
};
