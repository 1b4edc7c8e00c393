/** The signing keys in the store, by name, as typed values. */
import { createPrivateKey } from 'node:crypto';
import * as v from 'valibot';
import { FailedError, UsageError } from '../errors.js';
import type { JsonObject, Store } from '../store/store.js';
import { isKid, pemOf, signingKeyOf, type SigningKey } from './keys.js';

const keptSchema = v.object({
  kid: v.custom<string>(isKid),
  /** PKCS #8. */
  pem: v.string(),
  /** ISO 8601. */
  createdAt: v.string(),
});

export interface KeyStore {
  /** By name, oldest first. Throws FailedError STORE_CORRUPTED for one that cannot be read, and those of the store. */
  keys(): Promise<Map<string, SigningKey>>;
  /**
   * Adds a key; with `force` it replaces the one of this name. Throws UsageError KEY_EXISTS for a name or a `kid` that is there, and
   * those of the store. `createdAt` is ISO 8601.
   */
  add(name: string, key: SigningKey, options: { createdAt: string; force: boolean }): Promise<void>;
  /**
   * Adds a key where there is none at all, and answers whether it did: of several that come at once the first is kept. Throws those of
   * the store. `createdAt` is ISO 8601.
   */
  addFirst(name: string, key: SigningKey, options: { createdAt: string }): Promise<boolean>;
  /** Throws UsageError KEY_EXISTS when a key has this name or this `kid`; so that no key is made in vain. */
  refuseExisting(name: string, kid: string | undefined): Promise<void>;
}

/** Binds a store. */
export function createKeyStore(store: Store): KeyStore {
  return {
    async keys() {
      const kept = Object.entries(await store.keyring('signing'));
      return new Map(kept.map(([name, json]) => [name, keyOf(parse(json))]));
    },
    async add(name, key, { createdAt, force }) {
      await store.updateKeyring('signing', (kept) => {
        if (force) kept.delete(name);
        refuse(new Map([...kept].map(([other, json]) => [other, parse(json).kid])), name, key.kid);
        kept.set(name, keptOf(key, createdAt));
      });
    },
    async addFirst(name, key, { createdAt }) {
      let added = false;
      await store.updateKeyring('signing', (kept) => {
        added = kept.size === 0;
        if (added) kept.set(name, keptOf(key, createdAt));
      });
      return added;
    },
    async refuseExisting(name, kid) {
      const kept = Object.entries(await store.keyring('signing'));
      refuse(new Map(kept.map(([other, json]) => [other, parse(json).kid])), name, kid);
    },
  };
}

function refuse(kids: Map<string, string>, name: string, kid: string | undefined): void {
  if (kids.has(name)) {
    throw new UsageError('KEY_EXISTS', `There is a signing key "${name}" already.`, {
      field: '--name',
      hint: 'Give another --name, or replace it with --force.',
    });
  }
  const same = [...kids].find(([, other]) => other === kid);
  if (same) {
    throw new UsageError('KEY_EXISTS', `The signing key "${same[0]}" has the kid ${kid} already.`, {
      field: '--kid',
      hint: 'No two keys of a set may have one kid: give another --kid.',
    });
  }
}

type Kept = v.InferOutput<typeof keptSchema>;

function keptOf(key: SigningKey, createdAt: string): Kept {
  return { kid: key.kid, pem: pemOf(key), createdAt };
}

function parse(json: JsonObject): Kept {
  const parsed = v.safeParse(keptSchema, json);
  if (parsed.success) return parsed.output;
  throw corrupted();
}

function keyOf({ kid, pem }: Kept): SigningKey {
  try {
    return signingKeyOf(createPrivateKey(pem), kid);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw corrupted();
  }
}

function corrupted(): FailedError {
  return new FailedError('STORE_CORRUPTED', "An entry of the store's signing keys cannot be read.", {
    hint: 'It was written by another version of stepup, or by hand.',
  });
}
