import { describe, expect, it } from 'vitest';
import { recoverAddress } from '../../../src/emulator/dynamic/ethereum.js';
import { parseSiwe } from '../../../src/emulator/dynamic/siwe.js';

/** The example of EIP-4361. */
const EXAMPLE = `example.com wants you to sign in with your Ethereum account:
0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2

I accept the ExampleOrg Terms of Service: https://example.com/tos

URI: https://example.com/login
Version: 1
Chain ID: 1
Nonce: 32891756
Issued At: 2021-09-30T16:25:24Z
Resources:
- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/
- https://example.com/my-web2-claim.json`;

describe('EIP-4361', () => {
  it('reads its example', () => {
    expect(parseSiwe(EXAMPLE)).toEqual({
      domain: 'example.com',
      address: '0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2',
      uri: 'https://example.com/login',
      chainId: '1',
      nonce: '32891756',
      issuedAt: Date.UTC(2021, 8, 30, 16, 25, 24),
      expirationTime: undefined,
      notBefore: undefined,
      requestId: undefined,
    });
  });

  it('reads scheme, port, all optional fields, and no statement', () => {
    const text = EXAMPLE.replace('example.com wants', 'https://example.com:3388 wants')
      .replace('I accept the ExampleOrg Terms of Service: https://example.com/tos\n', '')
      .replace(
        'Resources:',
        'Expiration Time: 2021-10-01T00:00:00.5+02:00\nNot Before: 2021-09-30T00:00:00Z\nRequest ID: a-1\nResources:',
      );
    expect(parseSiwe(text)).toMatchObject({
      domain: 'example.com:3388',
      expirationTime: Date.UTC(2021, 8, 30, 22, 0, 0, 500),
      notBefore: Date.UTC(2021, 8, 30),
      requestId: 'a-1',
    });
  });

  it.each([
    ['another first line', EXAMPLE.replace('wants you', 'asks you')],
    ['another chain in it', EXAMPLE.replace('Ethereum', 'Solana')],
    ['no domain', EXAMPLE.replace('example.com wants', ' wants')],
    ['a short address', EXAMPLE.replace('756Cc2', '756C')],
    ['no empty line behind the address', EXAMPLE.replace('Cc2\n\n', 'Cc2\n')],
    ['a statement of two lines', EXAMPLE.replace('Service:', 'Service:\n')],
    ['another version', EXAMPLE.replace('Version: 1', 'Version: 2')],
    ['fields in another order', EXAMPLE.replace('Version: 1\nChain ID: 1', 'Chain ID: 1\nVersion: 1')],
    ['a short nonce', EXAMPLE.replace('32891756', '3289175')],
    ['a nonce with a sign', EXAMPLE.replace('32891756', '3289-1756')],
    ['a date without time', EXAMPLE.replace('T16:25:24Z', '')],
    ['a day that is none', EXAMPLE.replace('2021-09-30T', '2021-13-30T')],
    ['no Issued At', EXAMPLE.replace('Issued At: 2021-09-30T16:25:24Z\n', '')],
    ['a field twice', EXAMPLE.replace('Version: 1\n', 'Version: 1\nVersion: 1\n')],
    ['a line behind', `${EXAMPLE}\nMore: 1`],
    ['a final newline', `${EXAMPLE}\n`],
    ['carriage returns', EXAMPLE.replaceAll('\n', '\r\n')],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(parseSiwe(text)).toEqual(expect.any(String));
  });
});

describe('EIP-191', () => {
  // The example of web3.js' `eth.accounts.sign`.
  const signature =
    '0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd' +
    '6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c';
  const signer = '0x2c7536e3605d9c16a7a3d7b1898e529396a65c23';

  it('recovers the signer of a known message', async () => {
    expect(await recoverAddress('Some data', signature)).toBe(signer);
    expect(await recoverAddress('Some data', `${signature.slice(0, -2)}01`)).toBe(signer);
  });

  it('recovers somebody else for another message or parity', async () => {
    expect(await recoverAddress('Some date', signature)).not.toBe(signer);
    expect(await recoverAddress('Some data', `${signature.slice(0, -2)}1b`)).not.toBe(signer);
  });

  it.each([
    '',
    '0x',
    signature.slice(2),
    `${signature}00`,
    `${signature.slice(0, -2)}1d`,
    `0x${'0'.repeat(130)}`,
    `0x${'f'.repeat(128)}1b`,
  ])('is nobody of %.12s…', async (given) => {
    expect(await recoverAddress('Some data', given)).toBeUndefined();
  });
});
