import { describe, expect, it } from 'vitest';
import { isForbidden, isLoopbackAddress } from '../../src/emulator/callback-address.js';

describe('addresses of callbacks', () => {
  it.each(['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f00:1'])(
    '%s is this machine',
    (address) => {
      expect(isLoopbackAddress(address)).toBe(true);
      expect(isForbidden(address)).toBe(false);
    },
  );

  it.each([
    ['169.254.169.254', 'metadata of clouds'],
    ['169.254.0.1', 'link-local'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local with a zone'],
    ['::ffff:169.254.169.254', 'IPv4-mapped'],
    ['::ffff:a9fe:a9fe', 'IPv4-mapped, in hex'],
    ['::169.254.169.254', 'IPv4-compatible'],
    ['64:ff9b::a9fe:a9fe', 'NAT64'],
    ['64:ff9b::127.0.0.1', 'NAT64 of loopback'],
    ['::ffff:0:127.0.0.1', 'translated loopback'],
    ['2002:7f00:1::', '6to4'],
    ['2001::1', 'Teredo'],
    ['0.0.0.0', 'unspecified'],
    ['::', 'unspecified'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['ff02::1', 'multicast'],
    ['100.100.100.200', 'metadata of a cloud'],
    ['fd00:ec2::254', 'metadata of a cloud'],
  ])('%s may not be called: %s', (address) => {
    expect(isForbidden(address)).toBe(true);
    expect(isLoopbackAddress(address)).toBe(false);
  });

  it.each(['10.0.0.1', '192.168.1.1', '203.0.113.7', '2001:db8::1', 'fd12:3456::1', '::ffff:10.0.0.1'])(
    '%s is another machine, which may be named',
    (address) => {
      expect(isForbidden(address)).toBe(false);
      expect(isLoopbackAddress(address)).toBe(false);
    },
  );
});
