import { describe, expect, it } from 'vitest';
import { addressesOf, isOfThisMachine, reachOf } from '../../src/emulator/public-address.js';

const ports = { port: 4780, httpsPort: 4743 };

describe('the addresses of an emulator', () => {
  it('are those of this machine unless told', () => {
    const reach = reachOf({ host: '127.0.0.1' });
    expect(reach).toMatchObject({ publicUrl: undefined, hostname: undefined, hosts: ['127.0.0.1'] });
    expect(addressesOf(reach, { host: '127.0.0.1', ...ports })).toEqual({
      url: 'http://127.0.0.1:4780',
      httpsUrl: 'https://localhost:4743',
      domain: 'localhost:4743',
    });
    expect(addressesOf(reachOf({ host: '::1' }), { host: '::1', port: 4780, httpsPort: undefined })).toEqual({
      url: 'http://[::1]:4780',
      httpsUrl: '',
      domain: 'localhost:4780',
    });
  });

  it.each(['0.0.0.0', '::', '10.0.0.5', 'build.example.com', '128.0.0.1', '::ffff:127.0.0.1'])(
    '%s needs --allow-remote',
    (host) => {
      expect(() => reachOf({ host })).toThrow(expect.objectContaining({ code: 'FLAG_INVALID', field: '--host' }));
      expect(() => reachOf({ host, allowRemote: true })).not.toThrow();
    },
  );

  it.each([
    ['127.0.0.2', true],
    ['LOCALHOST', true],
    ['::1', true],
    ['127.0.0.1.example.com', false],
    ['0.0.0.0', false],
  ])('%s is of this machine: %s', (host, expected) => {
    expect(isOfThisMachine(host)).toBe(expected);
  });

  it('of another host are named by it', () => {
    const reach = reachOf({ host: '10.0.0.5', allowRemote: true });
    expect(reach.hosts).toContain('10.0.0.5');
    expect(addressesOf(reach, { host: '10.0.0.5', ...ports })).toEqual({
      url: 'http://10.0.0.5:4780',
      httpsUrl: 'https://10.0.0.5:4743',
      domain: '10.0.0.5:4743',
    });
    // All addresses have no name of their own.
    expect(reachOf({ host: '0.0.0.0', allowRemote: true }).hosts).toEqual([]);
  });

  it('behind a public address are that one', () => {
    const https = reachOf({ host: '0.0.0.0', allowRemote: true, publicUrl: 'https://StepUp.test.example.com' });
    expect(https.hosts).toEqual(['stepup.test.example.com']);
    expect(addressesOf(https, { host: '0.0.0.0', ...ports })).toEqual({
      url: 'https://stepup.test.example.com',
      httpsUrl: 'https://stepup.test.example.com',
      domain: 'stepup.test.example.com',
    });
    const http = reachOf({ host: '0.0.0.0', allowRemote: true, publicUrl: 'http://ci-emulator:9000/' });
    expect(addressesOf(http, { host: '0.0.0.0', ...ports })).toEqual({
      url: 'http://ci-emulator:9000',
      httpsUrl: 'https://ci-emulator:4743',
      domain: 'ci-emulator:4743',
    });
  });

  it.each(['', 'stepup', 'ftp://x', 'https://x/path', 'https://x?y', 'https://user:secret@x', '//x', 'https://'])(
    '--public-url %j is refused, and no password in it shown',
    (publicUrl) => {
      let thrown: unknown;
      try {
        reachOf({ host: '127.0.0.1', publicUrl });
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ code: 'URL_INVALID', field: '--public-url' });
      expect(String(thrown)).not.toContain('secret');
    },
  );
});
