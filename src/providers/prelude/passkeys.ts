/** Passkeys of the store at Prelude: made, used. The authenticator is a software one. */
import type { Assertion, RequestOptions } from '../../authenticator/passkey.js';
import { RefusedError } from '../../errors.js';
import type { Keyring } from '../keyring.js';
import { parseAnswer } from '../parse.js';
import type { Refusal } from '../refusal.js';
import { refusalError } from './errors.js';
import type { Frontend } from './frontend.js';
import { proverOf, type Records } from './records.js';
import type { SessionKeeper } from './session.js';
import { passkeyRegistrationSchema } from './wire.js';

export interface PasskeyTools {
  keyring: Keyring;
  /** Origin of the app; without one, `https://` and the domain that the service names. */
  origin?: string | undefined;
}

/** Signs the service's challenge with a passkey of the store. Throws RefusedError NO_METHOD, UsageError ORIGIN_INVALID. */
export async function assertionFor(
  { keyring, origin }: PasskeyTools,
  options: RequestOptions,
  using?: string,
): Promise<Assertion> {
  const { passkeysFor, usePasskey } = await import('../../authenticator/passkey.js');
  const at = originFor(origin, options.rpId ?? undefined);
  const usable = passkeysFor(await keyring.passkeys(), options, at);
  const passkey = using === undefined ? usable.at(-1) : usable.find(({ credentialId }) => credentialId === using);
  if (passkey) return usePasskey(passkey, options, { origin: at });
  throw new RefusedError('NO_METHOD', `No passkey in this store can be used at ${new URL(at).hostname}.`, {
    hint: 'Make one with: stepup passkey add',
  });
}

export interface Registration extends PasskeyTools {
  frontend: Frontend;
  records: Records;
  keeper: SessionKeeper;
  randomBytes(size: number): Uint8Array;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** A passkey that was made. */
export interface AddedPasskey {
  credentialId: string;
  rpId: string;
  userName: string;
  createdAt: string;
}

/**
 * Makes a passkey and registers it. The access token must hold `prld:passkey:write`, which is consumed. Throws RefusedError
 * ELEVATION_REQUIRED without it.
 */
export async function addPasskey(tools: Registration): Promise<AddedPasskey> {
  const { frontend, records, keeper, keyring, origin, randomBytes, now } = tools;
  const { createPasskey } = await import('../../authenticator/passkey.js');
  const session = await records.session();
  const prover = proverOf(session);
  const begun = await keeper.authorized((bearer) =>
    frontend.call({
      path: '/me/passkeys/register/begin',
      body: { username: session.identifier ?? session.userId },
      bearer,
      prover,
    }),
  );
  if (begun.refusal) throw registrationRefused(begun.refusal);
  const { public_key, registration_token } = parseAnswer(
    passkeyRegistrationSchema,
    begun.json,
    '/me/passkeys/register/begin',
  );
  const made = await createPasskey(public_key, {
    origin: originFor(origin, public_key.rp.id),
    held: await keyring.passkeys(),
    randomBytes,
    now,
  });
  const answer = await keeper.authorized((bearer) =>
    frontend.call({
      path: '/me/passkeys/register/finish',
      body: { registration_token, attestation: made.response },
      bearer,
      prover,
      spends: true,
    }),
  );
  if (answer.refusal) throw registrationRefused(answer.refusal);
  await keyring.addPasskey(made.passkey);
  const { credentialId, rpId, userName, createdAt } = made.passkey;
  return { credentialId, rpId, userName, createdAt };
}

function registrationRefused(refusal: Refusal): Error {
  if (refusal.code !== 'insufficient_scope') return refusalError(refusal);
  const { status, code: serviceCode, requestId } = refusal;
  return new RefusedError('ELEVATION_REQUIRED', 'Registering a passkey needs the scope prld:passkey:write.', {
    hint: 'Get it with: stepup request prld:passkey:write',
    status,
    serviceCode,
    requestId,
  });
}

function originFor(origin: string | undefined, rpId: string | null | undefined): string {
  return origin ?? `https://${rpId ?? 'localhost'}`;
}
