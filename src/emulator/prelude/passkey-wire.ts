/** What the calls about passkeys carry, parsed at the door. */
import * as v from 'valibot';
import { DispatchId, Token } from './wire-values.js';

/** Bytes in base64url, a tail of `=` forgiven. */
const Bytes = v.pipe(v.string('base64url'), v.regex(/^[A-Za-z0-9_-]{1,24576}={0,2}$/, 'base64url'));
const CredentialId = v.pipe(v.string('base64url'), v.regex(/^[A-Za-z0-9_-]{1,1400}$/, 'base64url'));
const DisplayName = v.pipe(v.string(), v.minLength(1), v.maxLength(256));

/** WebAuthn §5.1: AuthenticationResponseJSON. */
export const PasskeyAssertion = v.object({
  id: CredentialId,
  response: v.object({
    clientDataJSON: Bytes,
    authenticatorData: Bytes,
    signature: Bytes,
    userHandle: v.nullish(Bytes),
  }),
});
export type PasskeyAssertion = v.InferOutput<typeof PasskeyAssertion>;

/** WebAuthn §5.1: RegistrationResponseJSON. */
const PasskeyAttestation = v.object({
  id: CredentialId,
  response: v.object({
    clientDataJSON: Bytes,
    attestationObject: Bytes,
    transports: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(32))), v.maxLength(10))),
  }),
});
export type PasskeyAttestation = v.InferOutput<typeof PasskeyAttestation>;

/** `POST /me/passkeys/register/begin` */
export const PasskeyRegisterBegin = v.object({
  username: DisplayName,
  display_name: v.optional(DisplayName),
  nickname: v.optional(DisplayName),
});

/** `POST /me/passkeys/register/finish` */
export const PasskeyRegisterFinish = v.object({ registration_token: Token, attestation: PasskeyAttestation });

/** `POST /login/passkey/begin` */
export const PasskeyLoginBegin = v.object({ dispatch_id: DispatchId });

/** `POST /login/passkey/finish` */
export const PasskeyLoginFinish = v.object({ login_token: Token, assertion: PasskeyAssertion });
