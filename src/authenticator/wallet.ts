/** An EVM wallet: a secp256k1 key, its address, and signed messages (EIP-191). */
import * as v from 'valibot';
import { UsageError } from '../errors.js';
import { addressOf, keccak } from './address.js';
import { drawScalar, isScalar, SECP256K1_ORDER } from './scalar.js';

export { sameAddress } from './address.js';
export { signInMessage } from './sign-in-message.js';

/** Messages of its own, as valibot's quote the value: `privateKey` is a secret. */
export const walletSchema = v.object({
  /** With its checksum in upper and lower case (EIP-55). */
  address: v.pipe(v.string(), v.regex(/^0x[0-9a-fA-F]{40}$/)),
  /** `0x` and 64 hex digits, lower case. */
  privateKey: v.pipe(
    v.string('is no private key'),
    v.check((text) => /^0x[0-9a-f]{64}$/.test(text) && isKey(bytesOf(text)), 'is no private key'),
  ),
  /** ISO 8601. */
  createdAt: v.pipe(v.string(), v.isoTimestamp()),
});
export type Wallet = v.InferOutput<typeof walletSchema>;

export interface WalletWorld {
  randomBytes(size: number): Uint8Array;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Characters, blanks included. */
const MAX_KEY_LENGTH = 1024;

/** A wallet with a fresh key. */
export async function createWallet({ randomBytes, now }: WalletWorld): Promise<Wallet> {
  return walletOf(drawScalar(randomBytes, SECP256K1_ORDER), now());
}

/**
 * The wallet of a private key in hex, with or without `0x`, blanks around it ignored. Throws UsageError KEY_INVALID, which never quotes
 * it, for anything else, zero, and a number beyond the curve's order.
 */
export async function importWallet(text: string, { now }: Pick<WalletWorld, 'now'>): Promise<Wallet> {
  const hex = text.length > MAX_KEY_LENGTH ? undefined : /^(?:0x)?([0-9a-f]{64})$/i.exec(text.trim())?.[1];
  const key = hex === undefined ? undefined : bytesOf(hex);
  if (key && isKey(key)) return walletOf(key, now());
  throw new UsageError('KEY_INVALID', 'This is no private key of an EVM wallet.', {
    hint: 'It is 64 hexadecimal digits, with or without 0x before them.',
  });
}

/** Signs a text as wallets do (EIP-191 version 0x45, `personal_sign`): `0x`, r, s in the curve's lower half, and 27 or 28, as hex. */
export async function signMessage({ privateKey }: Wallet, text: string): Promise<string> {
  const { secp256k1 } = await import('@noble/curves/secp256k1.js');
  const message = Buffer.from(text, 'utf8');
  const prefix = Buffer.from(`\u0019Ethereum Signed Message:\n${message.length}`, 'utf8');
  const digest = await keccak(Buffer.concat([prefix, message]));
  const signature = secp256k1.sign(digest, bytesOf(privateKey), { prehash: false, lowS: true, format: 'recovered' });
  const [recovery = 0, ...rs] = signature;
  return `0x${Buffer.from(rs).toString('hex')}${(27 + recovery).toString(16)}`;
}

async function walletOf(key: Uint8Array, now: number): Promise<Wallet> {
  return {
    address: await addressOf(key),
    privateKey: `0x${Buffer.from(key).toString('hex')}`,
    createdAt: new Date(now).toISOString(),
  };
}

function isKey(bytes: Uint8Array): boolean {
  return isScalar(bytes, SECP256K1_ORDER);
}

function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex.replace(/^0x/, ''), 'hex');
}
