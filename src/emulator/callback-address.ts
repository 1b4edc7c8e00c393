/** Which addresses a callback may reach. An IPv4 address within an IPv6 one counts as itself. */
import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Unspecified, link-local, multicast, broadcast, and where clouds keep their secrets. */
const forbidden = new BlockList();
forbidden.addSubnet('0.0.0.0', 8, 'ipv4');
forbidden.addSubnet('169.254.0.0', 16, 'ipv4');
forbidden.addSubnet('224.0.0.0', 4, 'ipv4');
forbidden.addSubnet('240.0.0.0', 4, 'ipv4');
forbidden.addAddress('100.100.100.200', 'ipv4');
forbidden.addAddress('192.0.0.192', 'ipv4');
forbidden.addAddress('168.63.129.16', 'ipv4');
forbidden.addAddress('::', 'ipv6');
forbidden.addSubnet('fe80::', 10, 'ipv6');
forbidden.addSubnet('ff00::', 8, 'ipv6');
forbidden.addSubnet('fd00:ec2::', 32, 'ipv6');
forbidden.addSubnet('fd20:ce::', 32, 'ipv6');

// 6to4 and Teredo: an IPv4 address is hidden in them, and nobody has a backend there.
forbidden.addSubnet('2002::', 16, 'ipv6');
forbidden.addSubnet('2001::', 32, 'ipv6');

const mapped = new BlockList();
mapped.addSubnet('::ffff:0:0', 96, 'ipv6');

/** Other prefixes under which the last 32 bits are an IPv4 address: compatible, translated, NAT64 (RFC 4291 §2.5.5, RFC 6052 §2.1). */
const carrying = new BlockList();
carrying.addSubnet('::', 96, 'ipv6');
carrying.addSubnet('::ffff:0:0:0', 96, 'ipv6');
carrying.addSubnet('64:ff9b::', 96, 'ipv6');

/** Whether an IP address is of this machine alone. */
export function isLoopbackAddress(address: string): boolean {
  const plain = withoutZone(address);
  return isIP(plain) === 4 || mapped.check(plain, 'ipv6')
    ? loopback.check(lastAsIpv4(plain), 'ipv4')
    : loopback.check(plain, 'ipv6');
}

/** Whether nobody may lead a callback to this IP address. */
export function isForbidden(address: string): boolean {
  const plain = withoutZone(address);
  if (isIP(plain) === 4 || mapped.check(plain, 'ipv6')) return forbidden.check(lastAsIpv4(plain), 'ipv4');
  if (isLoopbackAddress(plain)) return false;
  if (forbidden.check(plain, 'ipv6')) return true;
  if (!carrying.check(plain, 'ipv6')) return false;
  const carried = lastAsIpv4(plain);
  return forbidden.check(carried, 'ipv4') || loopback.check(carried, 'ipv4');
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, '');
}

/** The address itself, or that in the last 32 bits of an IPv6 one. */
function lastAsIpv4(address: string): string {
  if (isIP(address) === 4) return address;
  // A URL's parser writes those bits as two groups.
  const [high = '', low = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':').slice(-2);
  const bits = (Number.parseInt(high || '0', 16) << 16) | Number.parseInt(low || '0', 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.');
}
