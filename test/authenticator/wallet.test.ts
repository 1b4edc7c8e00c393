import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { checksummed } from '../../src/authenticator/address.js';
import {
  createWallet,
  importWallet,
  sameAddress,
  signInMessage,
  signMessage,
  walletSchema,
} from '../../src/authenticator/wallet.js';

const now = (): number => 1_700_000_000_000;
const ONE = `0x${'0'.repeat(63)}1`;
const ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

describe('importWallet', () => {
  it.each([
    // The keys 1 and 2; the example of web3.js's documentation; the first account of Ethereum's development mnemonic.
    [ONE, '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf'],
    [`0x${'0'.repeat(63)}2`, '0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF'],
    [
      '0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318',
      '0x2c7536E3605D9C16a7a3D7b1898e529396a65c23',
    ],
    [
      '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
      '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
    ],
  ])('knows the address of the known key %#', async (privateKey, address) => {
    expect(await importWallet(privateKey, { now })).toEqual({
      address,
      privateKey,
      createdAt: '2023-11-14T22:13:20.000Z',
    });
  });

  it.each([
    ['without 0x', ONE.slice(2)],
    ['with blanks around it', ` \n\t${ONE}\r\n`],
    ['with 0X', ONE.replace('0x', '0X')],
  ])('takes a key %s', async (_title, text) => {
    expect((await importWallet(text, { now })).privateKey).toBe(ONE);
  });

  it('takes capitals, and the largest key', async () => {
    const { address, privateKey } = await importWallet(`${ORDER.slice(0, -1)}0`.toUpperCase(), { now });
    expect(privateKey).toBe(`0x${ORDER.slice(0, -1)}0`);
    // The key n - 1 is -1: the point of the key 1 with the other y.
    expect(address).toBe('0x80C0dbf239224071c59dD8970ab9d542E3414aB2');
  });

  it.each([
    ['nothing', ''],
    ['blanks', ' \n '],
    ['0x alone', '0x'],
    ['zero', '0'.repeat(64)],
    ['the order', ORDER],
    ['more than the order', 'f'.repeat(64)],
    ['a digit too few', 'a'.repeat(63)],
    ['a digit too many', 'a'.repeat(65)],
    ['another character', `${'a'.repeat(63)}g`],
    ['a blank within', `${'a'.repeat(32)} ${'a'.repeat(32)}`],
    ['0x twice', `0x0x${'a'.repeat(64)}`],
    ['digits of another script', '１'.repeat(64)],
    ['a great deal', 'a'.repeat(5_000_000)],
    ['a great deal of blanks', `${' '.repeat(5_000_000)}${ONE}`],
  ])('refuses %s without quoting it', async (_title, text) => {
    const failure = await importWallet(text, { now }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'UsageError', code: 'KEY_INVALID' });
    const said = JSON.stringify([String(failure), failure]);
    expect(said.length).toBeLessThan(400);
    expect(said).not.toMatch(/[a-f0-9]{12}|１/i);
  });
});

describe('checksummed', () => {
  it.each([
    '0x52908400098527886E0F7030069857D2E4169EE7',
    '0x8617E340B3D01FA5F11F306F4090FD50E238070D',
    '0xde709f2102306220921060314715629080e2fb77',
    '0x27b1fdb04752bbc536007a920d24acb045561c26',
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
    '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
    '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
  ])('EIP-55: %s', async (address) => {
    expect(await checksummed(address.slice(2).toLowerCase())).toBe(address);
    expect(await checksummed(address.slice(2).toUpperCase())).toBe(address);
  });
});

describe('createWallet', () => {
  it('makes the key of the randomness that it is given, and draws again for what is no key', async () => {
    const draws = ['0'.repeat(64), ORDER, 'f'.repeat(64), ONE.slice(2)];
    const randomBytes = (size: number): Uint8Array => {
      expect(size).toBe(32);
      return hex(draws.shift() ?? '');
    };
    expect(await createWallet({ randomBytes, now })).toEqual({
      address: '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf',
      privateKey: ONE,
      createdAt: '2023-11-14T22:13:20.000Z',
    });
  });

  it.each([
    ['only zeros', (size: number) => new Uint8Array(size)],
    ['nothing', () => new Uint8Array(0)],
    ['too much', () => new Uint8Array(33).fill(1)],
  ])('gives up on a source that gives %s', async (_title, randomBytes) => {
    await expect(createWallet({ randomBytes, now })).rejects.toThrow(TypeError);
  });
});

describe('signMessage', () => {
  it('EIP-191: signs as web3.js documents it', async () => {
    const wallet = await importWallet('4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318', { now });
    expect(await signMessage(wallet, 'Some data')).toBe(
      '0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd' +
        '6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c',
    );
  });

  it.each([
    ['nothing', '', 0],
    ['one line', 'hello', 5],
    ['bytes, not characters', 'é€😀', 9],
    ['a great deal', 'x'.repeat(1_000_000), 1_000_000],
  ])('signs %s so that the signer is recovered', async (_title, text, bytes) => {
    const wallet = await importWallet(ONE, { now });
    const signature = await signMessage(wallet, text);
    expect(signature).toMatch(/^0x[0-9a-f]{128}1[bc]$/);
    const rs = signature.slice(2, 130);
    expect(BigInt(`0x${rs.slice(64)}`) <= BigInt(`0x${ORDER}`) / 2n).toBe(true);
    const recovery = Number.parseInt(signature.slice(130), 16) - 27;
    const digest = keccak_256(Buffer.from(`\x19Ethereum Signed Message:\n${bytes}${text}`, 'utf8'));
    const recovered = secp256k1.recoverPublicKey(Uint8Array.of(recovery, ...hex(rs)), digest, { prehash: false });
    // The public key of the private key 1 is the curve's base point (SEC 2 §2.4.1).
    expect(Buffer.from(recovered).toString('hex')).toBe(
      '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
    );
  });
});

describe('signInMessage', () => {
  const parts = {
    domain: 'app.example',
    address: '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf',
    uri: 'https://app.example/',
    chainId: 1,
    nonce: '0123456789abcdef0123456789abcdef',
    issuedAt: '2026-01-01T00:00:00.000Z',
    requestId: '11111111-2222-3333-4444-555555555555',
  };
  const head = `app.example wants you to sign in with your Ethereum account:
0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf
`;
  const fields = `
URI: https://app.example/
Version: 1
Chain ID: 1
Nonce: 0123456789abcdef0123456789abcdef
Issued At: 2026-01-01T00:00:00.000Z`;

  it('EIP-4361: has the statement between empty lines', () => {
    expect(signInMessage({ ...parts, statement: 'This moves nothing.' })).toBe(
      `${head}\nThis moves nothing.\n${fields}\nRequest ID: 11111111-2222-3333-4444-555555555555`,
    );
  });

  it('EIP-4361: has both empty lines without a statement too', () => {
    expect(signInMessage({ ...parts, requestId: undefined })).toBe(`${head}\n${fields}`);
  });

  it.each([
    ['nonce', 'abcdefgh\nResources:\n- https://evil.example'],
    ['nonce', ''],
    ['nonce', 'abcdefgh\r'],
    ['nonce', 'abcdefgh\u2028x'],
    ['statement', 'One.\n\nURI: https://evil.example'],
    ['statement', ''],
    ['requestId', 'x\u0000'],
    ['domain', 'evil.example\n'],
    ['domain', ''],
    ['uri', 'https://app.example/\nVersion: 2'],
    ['address', ''],
    ['issuedAt', '\u0085'],
    ['nonce', `${'a'.repeat(1_000_000)}\n`],
  ])('refuses a %s that would change the message', (name, text) => {
    expect(() => signInMessage({ ...parts, [name]: text })).toThrow(
      expect.objectContaining({ name: 'RefusedError', code: 'REFUSED' }),
    );
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('knows no chain %s', (chainId) => {
    expect(() => signInMessage({ ...parts, chainId })).toThrow(TypeError);
  });
});

describe('sameAddress', () => {
  const address = '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf';

  it.each([address, address.toLowerCase(), address.slice(2), address.toUpperCase()])(
    'takes %s for the same',
    (other) => {
      expect(sameAddress(address, other)).toBe(true);
      expect(sameAddress(other, address)).toBe(true);
    },
  );

  it.each([
    [address, address.replace(/f$/, 'e')],
    [address, ''],
    [address, `${address}0`],
    [address, ` ${address}`],
    ['', ''],
    ['0x', ''],
    ['abc', 'abc'],
    ['z'.repeat(40), 'z'.repeat(40)],
    ['a'.repeat(1_000_000), 'a'.repeat(1_000_000)],
  ])('takes %.50s and %.50s for different', (one, other) => {
    expect(sameAddress(one, other)).toBe(false);
  });
});

describe('walletSchema', () => {
  const wallet = {
    address: '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf',
    privateKey: ONE,
    createdAt: '2023-11-14T22:13:20.000Z',
  };

  it('takes what was made', () => {
    expect(v.parse(walletSchema, wallet)).toEqual(wallet);
  });

  it.each([
    ['nothing', {}],
    ['a short address', { ...wallet, address: '0x7E5F' }],
    ['the key zero', { ...wallet, privateKey: `0x${'0'.repeat(64)}` }],
    ['a key beyond the order', { ...wallet, privateKey: `0x${'f'.repeat(64)}` }],
    ['a key without 0x', { ...wallet, privateKey: 'deadbeef'.repeat(8) }],
    ['a huge key', { ...wallet, privateKey: 'deadbeef'.repeat(100_000) }],
    ['no instant', { ...wallet, createdAt: '' }],
  ])('refuses %s, and its messages quote no key', (_title, json) => {
    const parsed = v.safeParse(walletSchema, json);
    expect(parsed.success).toBe(false);
    expect(parsed.issues?.map(({ message }) => message).join('\n')).not.toMatch(/deadbeef|ffffff|000000/);
  });
});
