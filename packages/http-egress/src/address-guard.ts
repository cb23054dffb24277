import { lookup as systemLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { EgressPolicy } from '@capstan/provider';
import { createBlockedAddresses } from './blocked-addresses.ts';
import type { UrlTrust } from './egress.ts';
import { EgressError } from './egress-error.ts';

/** Resolves a name to all of its addresses, in the shape of `lookup` of `node:dns` with `all: true`. */
export type AddressLookup = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Stands where a connection would: the guard said no to the addresses of a name. */
export class AddressRefusal extends Error {
  override readonly name = 'AddressRefusal';
}

interface Destination {
  /** Without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
}

const destinationOf = (url: URL): Destination => {
  const { hostname } = url;
  return {
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
  };
};

const familyName = (family: number): 'ipv4' | 'ipv6' => (family === 6 ? 'ipv6' : 'ipv4');

/** 127/8, or `::1`. Not the mapped forms of 127/8. */
const isLoopbackAddress = (address: string): boolean =>
  address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));

/** Whether the host is literally `localhost`, in 127/8 or `::1`. No prefix or suffix of a name counts. */
const isLoopback = (host: string): boolean => host === 'localhost' || isLoopbackAddress(host);

/** No name is resolved for it. */
export const isLoopbackHost = (url: URL): boolean => isLoopback(destinationOf(url).host);

/**
 * Decides which addresses may be reached. A literal is decided by `refusalOf` before a request, since no lookup happens for it; a name by the
 * function of `lookupFor`, which hands the socket exactly the addresses that it checked.
 */
export class AddressGuard {
  readonly #strict: boolean;
  readonly #lookup: AddressLookup;
  readonly #blockedAddresses = createBlockedAddresses();
  readonly #allowedAddresses = new BlockList();
  readonly #allowedHosts = new Set<string>();
  readonly #verdicts: Readonly<Record<UrlTrust, Map<string, string | undefined>>> = {
    declared: new Map(),
    derived: new Map(),
  };

  /** @throws {EgressError} `invalid` where an entry of `policy.allow` is neither a CIDR block nor `host:port`. */
  constructor(policy: EgressPolicy = {}, lookup: AddressLookup = systemLookup) {
    this.#strict = policy.strict ?? false;
    this.#lookup = lookup;
    for (const entry of policy.allow ?? []) this.#allow(entry);
  }

  /** Why the host of `url` may not be reached, as half a sentence, as far as that can be told without resolving a name. */
  refusalOf(url: URL, origin: string, trust: UrlTrust): string | undefined {
    const verdicts = this.#verdicts[trust];
    const known = verdicts.get(origin);
    if (known !== undefined || verdicts.has(origin)) return known;
    const verdict = this.#judge(destinationOf(url), trust);
    if (verdicts.size >= maxVerdicts) verdicts.clear();
    verdicts.set(origin, verdict);
    return verdict;
  }

  /** What `connect.lookup` of the connections to one origin must be. */
  lookupFor(url: URL, trust: UrlTrust): LookupFunction {
    const destination = destinationOf(url);
    return (hostname, options, callback) => {
      this.#lookup(hostname, { ...options, all: true }, (error, addresses) => {
        const [first] = error ? [] : addresses;
        if (error) return callback(error, '', 0);
        if (first === undefined) return callback(noAddress(hostname), '', 0);
        const blocked = addresses.find((address) => !this.#isAllowed(address, destination, trust));
        if (blocked !== undefined)
          return callback(new AddressRefusal(`${hostname} resolves to ${blocked.address}`), '', 0);
        if (options.all === true) return callback(null, addresses);
        return callback(null, first.address, first.family);
      });
    };
  }

  #judge(destination: Destination, trust: UrlTrust): string | undefined {
    const family = isIP(destination.host);
    if (family === 0) {
      if (destination.host !== 'localhost' || this.#mayBeLoopback(destination, trust)) return undefined;
      return 'localhost is this machine';
    }
    return this.#isAllowed({ address: destination.host, family }, destination, trust)
      ? undefined
      : `${destination.host} is not a public address`;
  }

  #isAllowed({ address, family }: LookupAddress, destination: Destination, trust: UrlTrust): boolean {
    // An answer of a lookup that is no address at all must not pass for a public one.
    if (isIP(address) !== family) return false;
    const name = familyName(family);
    if (!this.#blockedAddresses.check(address, name)) return true;
    if (trust === 'derived') return false;
    if (this.#allowedHosts.has(`${destination.host}:${destination.port}`)) return true;
    if (this.#allowedAddresses.check(address, name)) return true;
    return !this.#strict && isLoopback(destination.host) && isLoopbackAddress(address);
  }

  #mayBeLoopback(destination: Destination, trust: UrlTrust): boolean {
    return (
      this.#isAllowed({ address: '127.0.0.1', family: 4 }, destination, trust) ||
      this.#isAllowed({ address: '::1', family: 6 }, destination, trust)
    );
  }

  #allow(entry: string): void {
    const cidr = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(entry);
    if (cidr?.[1] !== undefined && cidr[2] !== undefined) {
      const family = isIP(cidr[1]);
      const bits = Number(cidr[2]);
      if (family !== 0 && bits <= (family === 6 ? 128 : 32))
        return this.#allowedAddresses.addSubnet(cidr[1], bits, familyName(family));
    }
    const url = /^[^/?#@\s]+:\d{1,5}$/.test(entry) ? URL.parse(`http://${entry}/`) : null;
    if (url === null)
      throw new EgressError(
        'invalid',
        `The entry "${entry}" of egress.allow is neither a CIDR block nor host:port. Write, say, 10.1.0.0/16 or build.internal:8080.`,
        { sent: false },
      );
    const { host, port } = destinationOf(url);
    this.#allowedHosts.add(`${host}:${port}`);
  }
}

/** Verdicts kept for each trust; beyond, all are forgotten and made again. */
const maxVerdicts = 1_000;

const noAddress = (hostname: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' });
