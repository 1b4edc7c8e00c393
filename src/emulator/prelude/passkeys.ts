/** Users' passkeys: registered, used, removed. */
import { keyOf, type TenantPlace } from '../tenant-place.js';
import { checkAssertion, checkRegistration, parseClientData, type Expected, type PublicKey } from '../webauthn.js';
import type { PasskeyConfigBody } from './passkey-config.js';
import type { Place } from './parts.js';
import type { PasskeyAssertion, PasskeyAttestation } from './passkey-wire.js';

export interface Passkey {
  /** base64url. */
  credentialId: string;
  userId: string;
  /** The user's own name for it. */
  nickname: string;
  publicKey: PublicKey;
  counter: number;
  transports: string[];
  /** Model of its authenticator, a UUID. */
  aaguid: string;
  /** Real time, milliseconds. */
  createdAt: number;
  lastUsedAt: number | null;
}

/** Why a passkey was not taken, in words without values. */
export class PasskeyFault extends Error {
  constructor(expected: string, got: string) {
    super(`passkey: expected ${expected}, got ${got}`);
    this.name = 'PasskeyFault';
  }
}

const KIND = 'prelude-passkey';
const CHALLENGE_BYTES = 32;
/** What a browser may take, in milliseconds. */
const TIMEOUT_MS = 300_000;
const ES256 = -7;

/** A user's passkeys, oldest first. */
export async function passkeysOf(place: TenantPlace, userId: string): Promise<Passkey[]> {
  const kept = await place.services.state.listByIndex<Passkey>(place.tenant.id, KIND, 'user', userId);
  return kept.map(({ value }) => value);
}

/** A challenge for one ceremony, base64url. */
export function newCeremonyChallenge({ services }: Place): string {
  return Buffer.from(services.randomBytes(CHALLENGE_BYTES)).toString('base64url');
}

/** WebAuthn §5.4: what the authenticator is asked to make. */
export function creationOptions(
  config: PasskeyConfigBody,
  wish: { challenge: string; userId: string; username: string; displayName: string; held: Passkey[] },
): Record<string, unknown> {
  return {
    rp: { id: config.rp_id, name: config.rp_name },
    user: { id: base64url(wish.userId), name: wish.username, displayName: wish.displayName },
    challenge: wish.challenge,
    pubKeyCredParams: [{ type: 'public-key', alg: ES256 }],
    timeout: TIMEOUT_MS,
    excludeCredentials: wish.held.map(descriptor),
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: config.user_verification,
    },
    attestation: config.attestation_preference,
  };
}

/** WebAuthn §5.5: which passkeys may sign. None: any of the domain's. */
export function requestOptions(
  config: PasskeyConfigBody,
  challenge: string,
  allowed: Passkey[],
): Record<string, unknown> {
  return {
    challenge,
    timeout: TIMEOUT_MS,
    rpId: config.rp_id,
    allowCredentials: allowed.map(descriptor),
    userVerification: config.user_verification,
  };
}

/** Checks what an authenticator made; it is not kept yet. Throws PasskeyFault, CeremonyError. */
export async function checkNewPasskey(
  config: PasskeyConfigBody,
  { id, response }: PasskeyAttestation,
  challenge: string,
): Promise<Pick<Passkey, 'credentialId' | 'publicKey' | 'counter' | 'transports' | 'aaguid'>> {
  const clientDataJSON = Buffer.from(response.clientDataJSON, 'base64url');
  const attestationObject = Buffer.from(response.attestationObject, 'base64url');
  const expected = expectedOf(config, clientDataJSON, challenge);
  const { credentialId, publicKey, counter, aaguid } = await checkRegistration(
    { clientDataJSON, attestationObject },
    expected,
  );
  if (credentialId.toString('base64url') !== id)
    throw new PasskeyFault('the id that the authenticator made', 'another');
  return { credentialId: id, publicKey, counter, aaguid, transports: response.transports ?? [] };
}

/** Keeps a passkey. False when its credential id is known already. */
export function keepPasskey(place: TenantPlace, passkey: Passkey): Promise<boolean> {
  const key = keyOf(place, KIND, passkey.credentialId);
  return place.services.state.putIfAbsent(key, passkey, { index: { user: passkey.userId } });
}

/** The passkey with this credential id. */
export async function findPasskey(place: TenantPlace, credentialId: string): Promise<Passkey | undefined> {
  return (await place.services.state.get<Passkey>(keyOf(place, KIND, credentialId)))?.value;
}

/**
 * Checks an assertion and moves the passkey's counter. `userId` says whose it must be; anybody's when it is null. Throws PasskeyFault,
 * CeremonyError.
 */
export async function usePasskey(
  place: Place,
  config: PasskeyConfigBody,
  { id, response }: PasskeyAssertion,
  { challenge, userId }: { challenge: string; userId: string | null },
): Promise<Passkey> {
  const { state, clock } = place.services;
  const clientDataJSON = Buffer.from(response.clientDataJSON, 'base64url');
  const given = {
    clientDataJSON,
    authenticatorData: Buffer.from(response.authenticatorData, 'base64url'),
    signature: Buffer.from(response.signature, 'base64url'),
  };
  const expected = expectedOf(config, clientDataJSON, challenge);
  const key = keyOf(place, KIND, id);
  for (;;) {
    const kept = await state.get<Passkey>(key);
    if (!kept || (userId !== null && kept.value.userId !== userId)) {
      throw new PasskeyFault(userId === null ? 'a registered one' : "one of the user's", 'another');
    }
    const { value: passkey, version } = kept;
    if (response.userHandle && base64url(passkey.userId) !== response.userHandle.replace(/=+$/, '')) {
      throw new PasskeyFault("the owner's user handle", 'another');
    }
    const counter = await checkAssertion(given, passkey, expected);
    const used: Passkey = { ...passkey, counter, lastUsedAt: clock.now() };
    if (await state.update(key, version, used)) return used;
  }
}

/** Removes a user's passkey. False when the user has none with this id. */
export async function removePasskey(place: TenantPlace, userId: string, credentialId: string): Promise<boolean> {
  const found = await findPasskey(place, credentialId);
  return found?.userId === userId && place.services.state.delete(keyOf(place, KIND, credentialId));
}

/** Removes all of a user's passkeys. */
export async function removePasskeys(place: TenantPlace, userId: string): Promise<void> {
  for (const { credentialId } of await passkeysOf(place, userId)) await removePasskey(place, userId, credentialId);
}

/** A passkey as the service shows it (the shape is not published). */
export function showPasskey(passkey: Passkey): Record<string, unknown> {
  const { credentialId, nickname, aaguid, transports, createdAt, lastUsedAt } = passkey;
  return {
    id: credentialId,
    nickname,
    aaguid,
    transports,
    created_at: new Date(createdAt).toISOString(),
    last_used_at: lastUsedAt === null ? null : new Date(lastUsedAt).toISOString(),
  };
}

/** Throws PasskeyFault for client data of another ceremony. */
function expectedOf(config: PasskeyConfigBody, clientDataJSON: Buffer, challenge: string): Expected {
  const { challenge: signed, origin } = parseClientData(clientDataJSON);
  if (signed !== challenge) throw new PasskeyFault('the challenge of this ceremony', 'another');
  const allowed = config.allowed_origins.find((one) => one === origin);
  if (allowed === undefined) throw new PasskeyFault('an origin of allowed_origins', 'another');
  return { origin: allowed, rpId: config.rp_id, verifyUser: config.user_verification === 'required' };
}

function descriptor({ credentialId, transports }: Passkey): Record<string, unknown> {
  return { type: 'public-key', id: credentialId, transports };
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
