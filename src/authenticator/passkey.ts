/** Passkeys in software (WebAuthn Level 2): resident, with user verification, ES256, without attestation. */
import * as v from 'valibot';
import { RefusedError, UsageError } from '../errors.js';
import { attestationObject, authenticatorData, clientDataOf, ES256, signedData } from './authenticator-data.js';
import { base64url } from './base64url.js';
import { rpIdOf } from './origin.js';
import { drawP256Key, p256KeySchema, publicKeyInfo, signEs256 } from './p256.js';
import type { CreationOptions, RequestOptions } from './passkey-options.js';

export {
  creationOptionsSchema,
  requestOptionsSchema,
  type CreationOptions,
  type RequestOptions,
} from './passkey-options.js';

export const passkeySchema = v.object({
  /** 32 bytes, base64url. */
  credentialId: base64url,
  /** The domain that it is for. */
  rpId: v.string(),
  /** The service's name. */
  rpName: v.optional(v.string()),
  /** The service's id of the user, base64url. */
  userHandle: base64url,
  userName: v.string(),
  privateKey: p256KeySchema,
  /** ISO 8601. */
  createdAt: v.pipe(v.string(), v.isoTimestamp()),
});
export type Passkey = v.InferOutput<typeof passkeySchema>;

interface PublicKeyCredential {
  /** Credential id, base64url. */
  id: string;
  rawId: string;
  type: 'public-key';
  authenticatorAttachment: 'platform';
}

/** What a service is sent of a new passkey: RegistrationResponseJSON. Bytes are base64url. */
export interface Registration extends PublicKeyCredential {
  clientExtensionResults: { credProps: { rk: true } };
  response: {
    attestationObject: string;
    clientDataJSON: string;
    transports: ['internal'];
    /** SubjectPublicKeyInfo. */
    publicKey: string;
  };
}

/** What a service is sent when a passkey is used: AuthenticationResponseJSON. Bytes are base64url. */
export interface Assertion extends PublicKeyCredential {
  clientExtensionResults: Record<string, never>;
  response: {
    clientDataJSON: string;
    authenticatorData: string;
    /** DER. */
    signature: string;
    userHandle: string;
  };
}

export interface CreationWorld {
  /** Origin of the app. */
  origin: string;
  /** The passkeys that are there already. */
  held: readonly Passkey[];
  randomBytes(size: number): Uint8Array;
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * Makes a passkey (§6.3.2). Throws UsageError ORIGIN_INVALID for an origin that is not secure or not of the service's domain,
 * PASSKEY_EXISTS when one of `held` is excluded; RefusedError REFUSED when the service takes no ES256 keys.
 */
export async function createPasskey(
  options: CreationOptions,
  { origin, held, randomBytes, now }: CreationWorld,
): Promise<{ passkey: Passkey; response: Registration }> {
  const rpId = rpIdOf(origin, options.rp.id);
  if (!takesEs256(options)) {
    throw new RefusedError('REFUSED', 'The service takes no ES256 keys, and passkeys here have no others.');
  }
  const excluded = idsOf(options.excludeCredentials);
  const there = held.find((passkey) => passkey.rpId === rpId && excluded.has(passkey.credentialId));
  if (there) {
    throw new UsageError(
      'PASSKEY_EXISTS',
      `There is a passkey of "${there.userName}" for ${rpId} in this store already.`,
      {
        hint: 'See it with: stepup passkey list',
      },
    );
  }
  const id = Uint8Array.from(randomBytes(32));
  // In base64url it begins with a letter then: on a command line a dash would make it a flag.
  id.fill((id[0] ?? 0) & 0x7f, 0, 1);
  const credentialId = Buffer.from(id).toString('base64url');
  const privateKey = drawP256Key(randomBytes);
  return {
    passkey: {
      credentialId,
      rpId,
      rpName: options.rp.name,
      userHandle: options.user.id,
      userName: options.user.name,
      privateKey,
      createdAt: new Date(now()).toISOString(),
    },
    response: {
      ...credentialOf(credentialId),
      clientExtensionResults: { credProps: { rk: true } },
      response: {
        attestationObject: (await attestationObject({ rpId, id, key: privateKey })).toString('base64url'),
        clientDataJSON: clientDataOf('webauthn.create', options.challenge, origin).toString('base64url'),
        transports: ['internal'],
        publicKey: publicKeyInfo(privateKey).toString('base64url'),
      },
    },
  };
}

/**
 * Signs the service's challenge (§6.3.3). Throws UsageError ORIGIN_INVALID for an origin that is not secure or not of the service's
 * domain, and for a passkey of another domain; RefusedError NO_METHOD for one that the service does not allow; FailedError
 * STORE_CORRUPTED for a key that is none.
 */
export async function usePasskey(
  passkey: Passkey,
  options: RequestOptions,
  { origin }: { origin: string },
): Promise<Assertion> {
  const rpId = rpIdOf(origin, options.rpId);
  if (passkey.rpId !== rpId) {
    throw new UsageError(
      'ORIGIN_INVALID',
      `This passkey is for ${passkey.rpId}, and the service asks for one for ${rpId}.`,
      {
        field: '--origin',
      },
    );
  }
  if (passkeysFor([passkey], options, origin).length === 0) {
    throw new RefusedError('NO_METHOD', `The service does not take this passkey of "${passkey.userName}".`);
  }
  const clientData = clientDataOf('webauthn.get', options.challenge, origin);
  const authData = authenticatorData(rpId);
  const signature = signEs256(passkey.privateKey, signedData(authData, clientData));
  return {
    ...credentialOf(passkey.credentialId),
    clientExtensionResults: {},
    response: {
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: signature.toString('base64url'),
      userHandle: passkey.userHandle,
    },
  };
}

/**
 * The passkeys that a service's options allow: of its domain and, when it names some, among those. In the order of `held`. Throws
 * UsageError ORIGIN_INVALID for an origin that is not secure or not of the service's domain.
 */
export function passkeysFor(held: readonly Passkey[], options: RequestOptions, origin: string): Passkey[] {
  const rpId = rpIdOf(origin, options.rpId);
  const allowed = idsOf(options.allowCredentials);
  return held.filter((passkey) => passkey.rpId === rpId && (allowed.size === 0 || allowed.has(passkey.credentialId)));
}

/** §5.1.3 step 10: a service that names no algorithm takes ES256 and RS256. */
function takesEs256({ pubKeyCredParams }: CreationOptions): boolean {
  if (pubKeyCredParams.length === 0) return true;
  return pubKeyCredParams.some(({ type, alg }) => type === 'public-key' && alg === ES256);
}

function idsOf(credentials: readonly { id: string }[] | null | undefined): Set<string> {
  return new Set((credentials ?? []).map(({ id }) => id));
}

function credentialOf(id: string): PublicKeyCredential {
  return { id, rawId: id, type: 'public-key', authenticatorAttachment: 'platform' };
}
