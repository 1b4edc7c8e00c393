/** Passkeys of the store at Prelude: made, used. The authenticator is a software one. */
import type { Assertion, RequestOptions } from '../../authenticator/passkey.js';
import { RefusedError, UnreachableError } from '../../errors.js';
import type { Keyring } from '../keyring.js';
import { parseAnswer } from '../parse.js';
import type { Refusal } from '../refusal.js';
import { refusalError } from './errors.js';
import type { Frontend, FrontendAnswer } from './frontend.js';
import type { PreludeProvider } from './provider.js';
import { proverOf, type Records } from './records.js';
import type { SessionKeeper } from './session.js';
import { reservedScope } from './reserved-scope.js';
import { passkeyRegistrationSchema, passkeysSchema } from './wire.js';

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
  if (using !== undefined && usable.length > 0) {
    throw new RefusedError('NO_METHOD', `No passkey of this id can be used at ${new URL(at).hostname}.`, {
      hint: `Those that can: ${usable.map(({ credentialId }) => credentialId).join(', ')}`,
    });
  }
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

/** A passkey as the service lists it. Instants are ISO 8601. */
export interface RegisteredPasskey {
  /** WebAuthn credential id, base64url. */
  id: string;
  name?: string | undefined;
  createdAt?: string | undefined;
  lastUsedAt?: string | undefined;
}

/** Prelude: what a registration consumes. */
const SCOPE = 'prld:passkey:write';

/** Binds the calls about one user's passkeys. */
export function createPasskeys(
  tools: Registration,
): Pick<PreludeProvider, 'addPasskey' | 'passkeys' | 'removePasskey'> {
  const { frontend, keeper } = tools;
  const call = (path: string, method: 'GET' | 'DELETE'): Promise<FrontendAnswer | undefined> =>
    unlessMissing(() => keeper.authorized((bearer) => frontend.call({ path, method, bearer })));
  return {
    addPasskey: () => addPasskey(tools),
    async passkeys() {
      const answer = await call('/me/passkeys', 'GET');
      if (!answer) return undefined;
      if (answer.refusal) throw refusalError(answer.refusal);
      return parseAnswer(passkeysSchema, answer.json, '/me/passkeys').passkeys.map((each) => ({
        id: each.id,
        name: each.nickname || undefined,
        createdAt: each.created_at ?? undefined,
        lastUsedAt: each.last_used_at ?? undefined,
      }));
    },
    async removePasskey(id) {
      const answer = await call(`/me/passkeys/${encodeURIComponent(id)}`, 'DELETE');
      if (answer?.refusal) throw refusalError(answer.refusal);
      return answer !== undefined;
    },
  };
}

/** RFC 9110 §15: not found, method not allowed, not implemented. */
const MISSING = new Set([404, 405, 501]);

/** The answer of a call that the service may not have; undefined when it has none. */
async function unlessMissing(work: () => Promise<FrontendAnswer>): Promise<FrontendAnswer | undefined> {
  try {
    const answer = await work();
    return MISSING.has(answer.status) ? undefined : answer;
  } catch (error) {
    // A page in place of JSON, and every 5xx, come as errors.
    if (error instanceof UnreachableError && MISSING.has(error.status ?? 0)) return undefined;
    throw error;
  }
}

/** Makes a passkey and registers it. Throws RefusedError ELEVATION_REQUIRED without `prld:passkey:write`. */
async function addPasskey(tools: Registration): Promise<AddedPasskey> {
  const { frontend, records, keyring, origin, randomBytes, now } = tools;
  const { createPasskey } = await import('../../authenticator/passkey.js');
  const session = await records.session();
  const prover = proverOf(session);
  const scope = reservedScope(tools, SCOPE);
  // Not by `authorized`: a refresh in between would drop a scope for a single use.
  const bearer = await scope.bearer();
  const begun = await frontend.call({
    path: '/me/passkeys/register/begin',
    body: { username: session.identifier ?? session.userId },
    bearer,
    prover,
  });
  if (begun.refusal?.code === 'insufficient_scope') await scope.consumed();
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
  const answer = await frontend.call({
    path: '/me/passkeys/register/finish',
    body: { registration_token, attestation: made.response },
    bearer,
    prover,
    spends: true,
  });
  if (answer.refusal) throw registrationRefused(answer.refusal);
  await keyring.addPasskey(made.passkey);
  await scope.consumed();
  const { credentialId, rpId, userName, createdAt } = made.passkey;
  return { credentialId, rpId, userName, createdAt };
}

function registrationRefused(refusal: Refusal): Error {
  if (refusal.code !== 'insufficient_scope') return refusalError(refusal);
  const { status, code: serviceCode, requestId } = refusal;
  return new RefusedError('ELEVATION_REQUIRED', `Registering a passkey needs the scope ${SCOPE}.`, {
    hint: `Get it with: stepup request ${SCOPE}`,
    status,
    serviceCode,
    requestId,
  });
}

function originFor(origin: string | undefined, rpId: string | null | undefined): string {
  return origin ?? `https://${rpId ?? 'localhost'}`;
}
