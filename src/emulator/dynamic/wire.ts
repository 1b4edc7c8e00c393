/** What the service's calls carry, parsed at the door. Names are the wire's. */
import * as v from 'valibot';

const short = v.pipe(v.string(), v.minLength(1), v.maxLength(256));
const Token = v.pipe(v.string(), v.minLength(1), v.maxLength(32 * 1024));
const Uuid = v.pipe(v.string(), v.uuid('a UUID'));
const Code = v.pipe(v.string(), v.regex(/^\d{6}$/, 'six digits'));
const Bytes = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+$/, 'base64url'));
const Scopes = v.optional(v.pipe(v.array(short), v.minLength(1, 'at least one scope'), v.maxLength(50)));
const CreateMfaToken = v.optional(v.nullable(v.object({ singleUse: v.optional(v.boolean()) })));
const SessionKey = v.optional(v.nullable(v.string()));
const CaptchaToken = v.optional(v.nullable(v.pipe(v.string(), v.maxLength(32 * 1024))));

/** `emailVerifications/create` */
export const EmailBody = v.object({ email: v.pipe(v.string(), v.maxLength(320)), captchaToken: CaptchaToken });

/** `smsVerifications/create`; the country code has no plus sign. */
export const PhoneBody = v.object({
  phoneCountryCode: v.pipe(v.string(), v.regex(/^[1-9]\d{0,3}$/, '1 to 4 digits without a plus sign')),
  phoneNumber: v.pipe(v.string(), v.regex(/^\d{4,14}$/, '4 to 14 digits')),
  isoCountryCode: v.pipe(v.string(), v.regex(/^[A-Z]{2}$/, 'two capital letters')),
  captchaToken: CaptchaToken,
});

/** `…Verifications/retry`; the address in it says nothing that the verification does not know. */
export const RetryBody = v.object({ verificationUUID: Uuid, captchaToken: CaptchaToken });

/** `…Verifications/signin` */
export const CodeSignInBody = v.object({
  verificationUUID: Uuid,
  verificationToken: Code,
  allowNewMFALinking: v.optional(v.boolean()),
  sessionPublicKey: SessionKey,
});

/** `…Verifications/verify`, `users/mfa/auth/email` */
export const CodeBody = v.object({
  verificationUUID: Uuid,
  verificationToken: Code,
  requestedScopes: Scopes,
  createMfaToken: CreateMfaToken,
});

/** `stepUp/check` */
export const CheckBody = v.object({ scope: short });

/** `users/mfa/auth/totp` */
export const TotpBody = v.object({
  code: v.pipe(v.string(), v.maxLength(64)),
  id: v.optional(v.nullable(v.string())),
  requestedScopes: Scopes,
  createMfaToken: CreateMfaToken,
});

/** `users/mfa/register/totp` */
export const TotpConfirmBody = v.object({ type: v.literal('totp'), code: v.pipe(v.string(), v.maxLength(64)) });

/** `PUT users/mfa/{mfaDeviceId}`; the official client sends no body. */
export const DeviceBody = v.object({ default: v.optional(v.boolean()) });

/** `users/mfa/auth/recovery` */
export const RecoveryBody = v.object({
  code: v.pipe(v.string(), v.maxLength(64)),
  requestedScopes: Scopes,
  createMfaToken: CreateMfaToken,
});

/** The official client spells it `clientDataJSON` in one call and `clientDataJson` in the other. */
const ClientData = { clientDataJSON: v.optional(Bytes), clientDataJson: v.optional(Bytes) };
/** `users/passkeys/register` */
export const RegistrationBody = v.object({
  id: Bytes,
  type: v.literal('public-key'),
  response: v.object({ ...ClientData, attestationObject: Bytes, transports: v.optional(v.array(short)) }),
  createMfaToken: CreateMfaToken,
});
export type RegistrationBody = v.InferOutput<typeof RegistrationBody>;

/** `users/mfa/register/passkey`; the id is that of its options. */
export const DeviceRegistrationBody = v.object({ id: short, attestation: RegistrationBody });

/** `users/mfa/auth/passkey`, `users/passkeys/signin` */
export const AssertionBody = v.object({
  id: Bytes,
  type: v.literal('public-key'),
  response: v.object({
    ...ClientData,
    authenticatorData: Bytes,
    signature: Bytes,
    userHandle: v.optional(v.nullable(v.string())),
  }),
  requestedScopes: Scopes,
  createMfaToken: CreateMfaToken,
  sessionPublicKey: SessionKey,
});
export type AssertionBody = v.InferOutput<typeof AssertionBody>;

/** `users/passkeys` */
export const RenameBody = v.object({ id: short, alias: v.pipe(v.string(), v.minLength(1), v.maxLength(100)) });
export const RemoveBody = v.object({ passkeyId: short });

/** `wallets/signin`, `wallets/verify`, `verify`, `verify/link` */
export const WalletBody = v.object({
  signedMessage: v.pipe(v.string(), v.maxLength(1024)),
  messageToSign: v.pipe(v.string(), v.maxLength(8192)),
  publicWalletAddress: short,
  chain: short,
  walletName: short,
  walletProvider: short,
  requestedScopes: Scopes,
  sessionPublicKey: SessionKey,
});
export type WalletBody = v.InferOutput<typeof WalletBody>;

/** `verify/unlink`; the misspelling is the wire's. */
export const UnlinkBody = v.object({
  walletId: v.optional(v.nullable(short)),
  verifiedCredentialId: v.optional(v.nullable(short)),
  verifiedCrentialId: v.optional(v.nullable(short)),
});

/** `externalAuth/verify` and `externalAuth/signin` */
export const ExternalBody = v.object({ jwt: Token, sessionPublicKey: SessionKey });

const text = v.optional(v.nullable(v.pipe(v.string(), v.maxLength(256))));
/** `PUT users` */
export const ProfileBody = v.object({
  alias: text,
  username: text,
  firstName: text,
  lastName: text,
  country: text,
  jobTitle: text,
  metadata: v.optional(v.record(v.string(), v.unknown())),
  mfaBackupCodeAcknowledgement: v.optional(v.nullable(v.picklist(['pending', 'complete']))),
  email: v.optional(v.unknown()),
  phoneNumber: v.optional(v.unknown()),
});
