/** An external EVM wallet as the official client takes one: its key is made here and signs as `personal_sign` does. */
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';

export interface Wallet {
  /** With the case of EIP-55. */
  address: string;
  /** What the client's registry takes. */
  provider: {
    key: string;
    chain: 'EVM';
    groupKey: string;
    metadata: { displayName: string; icon: string };
    walletProviderType: 'browserExtension';
    connect(): Promise<{ addresses: { address: string }[] }>;
    getConnectedAddresses(): Promise<{ addresses: string[] }>;
    getActiveNetworkId(): Promise<{ networkId: string }>;
    signMessage(request: { message: string }): Promise<{ signature: string }>;
  };
}

/** A wallet with a new key. With `signer` it shows its own address and signs with the other wallet's key. */
export function createWallet(signer?: (message: string) => string): Wallet & { sign(message: string): string } {
  const { secretKey } = secp256k1.keygen();
  const address = addressOf(secp256k1.getPublicKey(secretKey, false));
  const own = (message: string): string => personalSign(message, secretKey);
  const sign = signer ?? own;
  return {
    address,
    sign,
    provider: {
      key: 'judgewalletevm:browserExtension',
      chain: 'EVM',
      groupKey: 'judgewallet',
      metadata: { displayName: 'Judge Wallet', icon: 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"/>' },
      walletProviderType: 'browserExtension',
      connect: () => Promise.resolve({ addresses: [{ address }] }),
      getConnectedAddresses: () => Promise.resolve({ addresses: [address] }),
      getActiveNetworkId: () => Promise.resolve({ networkId: '1' }),
      signMessage: ({ message }) => Promise.resolve({ signature: sign(message) }),
    },
  };
}

/** ERC-191 version 0x45, as 0x and r, s, v in hexadecimal. */
function personalSign(message: string, secretKey: Uint8Array): string {
  const text = Buffer.from(message, 'utf8');
  const digest = keccak_256(Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${text.length}`), text]));
  const signature = secp256k1.sign(digest, secretKey, { prehash: false, format: 'recovered' });
  const v = Buffer.from([27 + (signature[0] ?? 0)]);
  return `0x${Buffer.concat([signature.subarray(1), v]).toString('hex')}`;
}

/** EIP-55: the case of each letter is a bit of the address's own hash. */
function addressOf(publicKey: Uint8Array): string {
  const plain = Buffer.from(keccak_256(publicKey.subarray(1)).subarray(12)).toString('hex');
  const hash = Buffer.from(keccak_256(Buffer.from(plain))).toString('hex');
  const cased = plain.replace(/[a-f]/g, (letter, at: number) =>
    Number.parseInt(hash.charAt(at), 16) > 7 ? letter.toUpperCase() : letter,
  );
  return `0x${cased}`;
}
