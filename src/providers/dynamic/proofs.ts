/** The proofs: each makes the call that carries it, with the scopes that it is for. */
import type { Passkey, RequestOptions } from '../../authenticator/passkey.js';
import { RefusedError } from '../../errors.js';
import type { Keyring } from '../keyring.js';
import { parseAnswer } from '../parse.js';
import type { DynamicTarget } from '../target.js';
import type { Answer } from './api.js';
import type { Underway } from './challenges.js';
import { refusalError } from './errors.js';
import type { Nonces } from './nonces.js';
import { asUser, type Keeper } from './session.js';

export interface ProofTools {
  keeper: Keeper;
  keyring: Keyring;
  nonces: Nonces;
  target: DynamicTarget;
  /** Milliseconds since the epoch. */
  now(): number;
  /** The same by the service's clock, as far as it is known. */
  serviceNow(): number;
}

/** Hands in a code that was sent, computed or spent. The answer may be a refusal. */
export function proveByCode({ keeper }: ProofTools, { stored }: Underway, code: string): Promise<Answer> {
  const requestedScopes = stored.scopes;
  const post = (path: string, json: Record<string, unknown>): Promise<Answer> =>
    keeper.call({ method: 'POST', path, json: { ...json, requestedScopes }, spends: true });
  switch (stored.key) {
    case 'verify_email':
    case 'verify_sms': {
      const channel = stored.key === 'verify_email' ? 'email' : 'sms';
      const { verificationUUID } = stored.sent ?? {};
      return post(`/${channel}Verifications/verify`, { verificationUUID, verificationToken: code });
    }
    case 'verify_totp':
      return post('/users/mfa/auth/totp', stored.using === undefined ? { code } : { code, id: stored.using });
    case 'verify_recovery':
      return post('/users/mfa/auth/recovery', { code });
    case 'verify_wallet':
    case 'verify_passkey':
      throw new TypeError(`${stored.key} takes no code`);
  }
}

/** Signs with a wallet of the store. The answer may be a refusal. Throws RefusedError METHOD_REFUSED when its key has gone. */
export async function proveByWallet(tools: ProofTools, underway: Underway): Promise<Answer> {
  const { keeper, keyring } = tools;
  const { sameAddress } = await import('../../authenticator/wallet.js');
  const { handInSigned } = await import('./wallet.js');
  const address = underway.session.credentials.find(({ id }) => id === underway.stored.using)?.address ?? '';
  const wallet = [...(await keyring.wallets()).values()].find((each) => sameAddress(each.address, address));
  if (!wallet) {
    throw new RefusedError('METHOD_REFUSED', `The key of the wallet ${address} is not in this store.`, {
      hint: 'Take it in with: stepup wallet import FILE',
    });
  }
  const requestedScopes = underway.stored.scopes;
  return handInSigned(wallet, tools, asUser(underway.session), (body) =>
    keeper.call({ method: 'POST', path: '/wallets/verify', json: { ...body, requestedScopes }, spends: true }),
  );
}

/** Uses a passkey of the store. The answer may be a refusal. Throws RefusedError NO_METHOD when the service allows none of them. */
export async function proveByPasskey(tools: ProofTools, { stored }: Underway): Promise<Answer> {
  const { keeper, target } = tools;
  const { requestOptionsSchema, usePasskey } = await import('../../authenticator/passkey.js');
  const asked = await keeper.call({ method: 'GET', path: '/users/passkeys/authenticate' });
  if (asked.refusal) throw refusalError(asked.refusal, { scopes: stored.scopes });
  const options = parseAnswer(requestOptionsSchema, asked.json, '/users/passkeys/authenticate');
  const usable = await usablePasskeys(tools, options);
  const passkey =
    stored.using === undefined ? usable[0] : usable.find(({ credentialId }) => credentialId === stored.using);
  if (!passkey) throw noPasskey(target);
  const assertion = await usePasskey(passkey, options, { origin: target.origin });
  const json = { ...assertion, requestedScopes: stored.scopes };
  return keeper.call({ method: 'POST', path: '/users/mfa/auth/passkey', json, spends: true });
}

/** The passkeys of the store that the service's options allow, the newest first. Throws UsageError ORIGIN_INVALID. */
export async function usablePasskeys(
  { keyring, target }: Pick<ProofTools, 'keyring' | 'target'>,
  options: RequestOptions,
): Promise<Passkey[]> {
  const { passkeysFor } = await import('../../authenticator/passkey.js');
  return passkeysFor(await keyring.passkeys(), options, target.origin).toReversed();
}

/** RefusedError NO_METHOD: no passkey here fits. */
export function noPasskey({ origin }: DynamicTarget): RefusedError {
  return new RefusedError('NO_METHOD', `No passkey in this store can be used at ${new URL(origin).hostname}.`, {
    hint: 'Make one with: stepup passkey add',
  });
}
