/** The official client in Node: what a browser would give it is given by hand. */
import { createECDH, createPrivateKey, sign } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { createDynamicClient } from '@dynamic-labs-sdk/client';
import { createLogger, getWalletProviderRegistry, WalletProviderPriority } from '@dynamic-labs-sdk/client/core';
import { drive, type DynamicDriver, type OfficialClient } from './dynamic-driver.js';
import type { Wallet } from './dynamic-wallet.js';

/** What a device keeps between two starts of an app. */
export interface Device {
  storageAdapter: {
    getItem(key: string): Promise<string | null>;
    setItem(key: string, value: string): Promise<void>;
    removeItem(key: string): Promise<void>;
  };
  keychain: {
    generateKey(name: string): Promise<string>;
    getPublicKey(name: string): Promise<string | null>;
    hasKey(name: string): Promise<boolean>;
    importKey(name: string): Promise<string>;
    removeKey(name: string): Promise<void>;
    sign(name: string, message: string): Promise<string>;
  };
}

/** The client's own interface to WebAuthn; options and answers are the standard's JSON forms. */
export interface Passkeys {
  isSupported(): boolean;
  authenticate(request: { optionsJSON: object }): Promise<object>;
  register(request: { optionsJSON: object }): Promise<object>;
}

export interface DynamicOptions {
  /** Ends in `/api/v0`: else the client leaves its device headers out. */
  apiBaseUrl: string;
  environmentId: string;
  /** The app's address: the `Origin` of its calls, and the domain of a wallet's message. */
  origin: string;
  fetch: typeof globalThis.fetch;
  /** Default: a new one. */
  device?: Device;
  wallet?: Wallet;
  /** Default: none, as where WebAuthn is missing. */
  passkeys?: Passkeys;
}

export interface DynamicClient extends DynamicDriver {
  client: OfficialClient;
  device: Device;
  /** Warnings and errors that the client logged, also those that it swallowed, since the last call. */
  complaints(): string[];
}

/** A client, not initialised. */
export function createClient(options: DynamicOptions): DynamicClient {
  const { apiBaseUrl, environmentId, origin, fetch, device = createDevice(), wallet, passkeys } = options;
  const { idle, watched } = watch(fetch);
  const settled =
    <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) =>
    (...args: Args): Promise<T> =>
      call(...args).finally(idle);
  const complaints: string[] = [];
  const complain = (message: string): void => void complaints.push(message);
  const client: OfficialClient = createDynamicClient({
    environmentId,
    autoInitialize: false,
    instrumentation: { enabled: false },
    metadata: { name: 'Judge', universalLink: origin },
    coreConfig: {
      apiBaseUrl,
      fetch: watched,
      storageAdapter: device.storageAdapter,
      keychain: device.keychain,
      logger: { ...createLogger(), warn: complain, error: complain },
      ...(passkeys ? { passkey: passkeys } : {}),
    },
  });
  if (wallet) {
    const priority = WalletProviderPriority.WALLET_SDK;
    getWalletProviderRegistry(client).register({ priority, walletProvider: wallet.provider });
  }
  const driver = drive(client);
  return {
    ...driver,
    // These leave calls under way: for nonces, that a wallet was connected, for the settings anew.
    initialize: settled(driver.initialize),
    connectWallet: settled(driver.connectWallet),
    logout: settled(driver.logout),
    client,
    device,
    complaints: () => complaints.splice(0),
  };
}

/** A fetch, and how to wait until none of its calls is under way. */
export function watch(fetch: DynamicOptions['fetch']): { watched: DynamicOptions['fetch']; idle(): Promise<void> } {
  const underWay = new Set<Promise<Response>>();
  return {
    watched(input, init) {
      const call = fetch(input, init).finally(() => underWay.delete(call));
      underWay.add(call);
      return call;
    },
    async idle() {
      do {
        await Promise.allSettled(underWay);
        await setImmediate();
      } while (underWay.size > 0);
    },
  };
}

/** A client that is ready. */
export async function openDynamicClient(options: DynamicOptions): Promise<DynamicClient> {
  const client = createClient(options);
  await client.initialize();
  return client;
}

/** An empty device. */
export function createDevice(): Device {
  const items = new Map<string, string>();
  const keys = new Map<string, ReturnType<typeof makeKey>>();
  return {
    storageAdapter: {
      getItem: async (key) => items.get(key) ?? null,
      setItem: async (key, value) => void items.set(key, value),
      removeItem: async (key) => void items.delete(key),
    },
    keychain: {
      generateKey: async (name) => {
        const key = makeKey();
        keys.set(name, key);
        return key.publicKey;
      },
      getPublicKey: async (name) => keys.get(name)?.publicKey ?? null,
      hasKey: async (name) => keys.has(name),
      importKey: async () => {
        throw new Error('The judge imports no keys.');
      },
      removeKey: async (name) => void keys.delete(name),
      sign: async (name, message) => {
        const key = keys.get(name);
        if (!key) throw new Error(`There is no key ${name}.`);
        return key.sign(message);
      },
    },
  };
}

/** P-256: the public key is the compressed point, a signature r and s; both in hexadecimal. */
function makeKey(): { publicKey: string; sign(message: string): string } {
  const ecdh = createECDH('prime256v1');
  const point = ecdh.generateKeys();
  const part = (bytes: Buffer): string => bytes.toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: part(point.subarray(1, 33)), y: part(point.subarray(33)) };
  const key = createPrivateKey({ key: { ...jwk, d: part(padded(ecdh.getPrivateKey())) }, format: 'jwk' });
  return {
    publicKey: ecdh.getPublicKey('hex', 'compressed'),
    sign: (message) => sign('sha256', Buffer.from(message), { key, dsaEncoding: 'ieee-p1363' }).toString('hex'),
  };
}

function padded(secret: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(32 - secret.length), secret]);
}
