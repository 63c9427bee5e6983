import { isIPv4, isIPv6 } from 'node:net';

/** An IP address as a number. IPv4 inside of IPv6 (`::ffff:a.b.c.d`) is IPv4 here, because that is where a connection to it goes. */
export interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
  /** The one way to write it: dotted quad, or the short form of RFC 5952. */
  readonly text: string;
}

/** Addresses that share their first `prefixLength` bits. */
export interface Network { readonly address: Address; readonly prefixLength: number }

/** Reads an address in its ordinary form. Undefined for every other text, also for octal, hexadecimal, short and decimal forms and for zone ids. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return ipv4(text.split('.').reduce((value, byte) => (value << 8n) | BigInt(byte), 0n));
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const short = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const value = groupsOf(short).reduce((sum, group) => (sum << 16n) | group, 0n);
  return value >> 32n === 0xffffn ? ipv4(value & 0xffffffffn) : { bits: 128, value, text: short };
}

/** The IPv4 address of 32 bits. */
export function ipv4(value: bigint): Address {
  return { bits: 32, value, text: [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.') };
}

/** Reads `10.0.0.0/8`, `fd00::/8` or a single address. Undefined where it is neither, or where bits are set behind the prefix. */
export function parseNetwork(text: string): Network | undefined {
  const [, addressText = '', lengthText] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(addressText);
  if (!address) return undefined;
  const prefixLength = lengthText === undefined ? address.bits : Number(lengthText);
  if (prefixLength > address.bits) return undefined;
  const behindPrefix = (1n << BigInt(address.bits - prefixLength)) - 1n;
  return (address.value & behindPrefix) === 0n ? { address, prefixLength } : undefined;
}

export function isWithin({ bits, value }: Address, { address, prefixLength }: Network): boolean {
  const shift = BigInt(bits - prefixLength);
  return bits === address.bits && value >> shift === address.value >> shift;
}

function groupsOf(short: string): bigint[] {
  const [head = [], tail] = short.split('::').map((part) => part.split(':').filter((group) => group !== '').map((group) => BigInt(`0x${group}`)));
  return tail === undefined ? head : [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0n), ...tail];
}
