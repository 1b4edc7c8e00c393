/** The software authenticators in the store, as typed values: passkeys, wallets, secrets of TOTP devices. They outlive every login. */
import * as v from 'valibot';
import { passkeySchema, type Passkey } from '../authenticator/passkey.js';
import { totpSchema } from '../authenticator/totp.js';
import { walletSchema, type Wallet } from '../authenticator/wallet.js';
import { FailedError, UsageError } from '../errors.js';
import type { JsonObject, KeyringKind, Store } from '../store/store.js';

const keptTotpSchema = v.object({
  ...totpSchema.entries,
  /** Whose it is, as `PROVIDER://HOST#APPLICATION` and user id: another user's device must not be answered with it. */
  owner: v.string(),
  /** The last time step whose code was used. RFC 6238 §5.2: a code is good for one time. */
  usedStep: v.optional(v.number()),
});

export type KeptTotp = v.InferOutput<typeof keptTotpSchema>;

export interface Keyring {
  /** By name, oldest first. */
  wallets(): Promise<Map<string, Wallet>>;
  /** Throws UsageError WALLET_EXISTS for a name or an address that is there. */
  addWallet(name: string, wallet: Wallet): Promise<void>;
  passkeys(): Promise<Passkey[]>;
  addPasskey(passkey: Passkey): Promise<void>;
  removePasskey(credentialId: string): Promise<void>;
  /** The secrets of a user's TOTP devices, by the service's id of the device; `owner` as in KeptTotp. */
  totpOf(owner: string): Promise<Map<string, KeptTotp>>;
  saveTotp(deviceId: string, kept: KeptTotp): Promise<void>;
  removeTotp(deviceId: string): Promise<void>;
  /** Reserves a time step of a device, so that no two processes use one code: the first from `least` on that is unused. */
  takeTotpStep(deviceId: string, least: number): Promise<number>;
}

/** Binds a store. Every call throws FailedError STORE_CORRUPTED for an entry that cannot be read. */
export function createKeyring(store: Store): Keyring {
  async function entries<T>(kind: KeyringKind, schema: v.GenericSchema<unknown, T>): Promise<Map<string, T>> {
    const kept = await store.keyring(kind);
    return new Map(Object.entries(kept).map(([id, json]) => [id, parse(kind, schema, json)]));
  }

  return {
    wallets: () => entries('wallets', walletSchema),
    async addWallet(name, wallet) {
      await store.updateKeyring('wallets', (kept) => {
        if (kept.has(name)) throw exists(`There is a wallet "${name}" already.`);
        const same = [...kept].find(([, json]) => parse('wallets', walletSchema, json).address === wallet.address);
        if (same) throw exists(`The wallet ${wallet.address} is here already, as "${same[0]}".`);
        kept.set(name, jsonOf(wallet));
      });
    },
    passkeys: async () => [...(await entries('passkeys', passkeySchema)).values()],
    addPasskey: (passkey) =>
      store.updateKeyring('passkeys', (kept) => void kept.set(passkey.credentialId, jsonOf(passkey))),
    removePasskey: (credentialId) => store.updateKeyring('passkeys', (kept) => void kept.delete(credentialId)),
    totpOf: async (owner) =>
      new Map([...(await entries('totp', keptTotpSchema))].filter(([, kept]) => kept.owner === owner)),
    saveTotp: (deviceId, kept) => store.updateKeyring('totp', (all) => void all.set(deviceId, jsonOf(kept))),
    removeTotp: (deviceId) => store.updateKeyring('totp', (all) => void all.delete(deviceId)),
    async takeTotpStep(deviceId, least) {
      let step = least;
      await store.updateKeyring('totp', (all) => {
        const found = all.get(deviceId);
        if (!found) return;
        const kept = parse('totp', keptTotpSchema, found);
        step = Math.max(least, (kept.usedStep ?? -1) + 1);
        all.set(deviceId, jsonOf({ ...kept, usedStep: step }));
      });
      return step;
    },
  };
}

function jsonOf(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

function parse<T>(kind: KeyringKind, schema: v.GenericSchema<unknown, T>, found: JsonObject): T {
  const parsed = v.safeParse(schema, found);
  if (parsed.success) return parsed.output;
  throw new FailedError('STORE_CORRUPTED', `An entry of the store's ${kind} cannot be read.`, {
    hint: 'It was written by another version of stepup, or by hand.',
  });
}

function exists(message: string): UsageError {
  return new UsageError('WALLET_EXISTS', message, { field: '--name', hint: 'See them with: stepup wallet list' });
}
