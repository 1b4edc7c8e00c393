/** The switches that the reference leaves open: one set a tenant, kept in the state. */
import * as v from 'valibot';
import { plainObject } from './plain-object.js';
import type { GatedPath, Settings } from './services.js';
import type { State } from './state/interface.js';

const MAX_SECONDS = 10 * 365 * 86_400;
const seconds = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_SECONDS));

const flag = v.exactOptional(v.boolean());
const attempts = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000));
const text = v.pipe(v.string(), v.minLength(1), v.maxLength(2048));
/** Scheme, host and port, as a browser writes it into `Origin`. */
const origin = v.pipe(
  text,
  v.check((value) => URL.canParse(value) && new URL(value).origin === value, 'expected an origin, got something else'),
);

const GATED_PATHS = [
  'users/mfa/register/totp',
  'users/mfa/{mfaDeviceId}',
  'users/passkeys/register',
  'users/passkeys',
  'emailVerifications/verify',
  'smsVerifications/verify',
  'verify/link',
  'verify/unlink',
  'waas/{walletId}/privateKey/export',
  'users',
] as const satisfies GatedPath[];

const DynamicPatch = v.strictObject({
  minApiVersion: v.exactOptional(v.picklist(['2026_01_01', '2026_04_01'])),
  enforce: v.exactOptional(v.pipe(plainObject, v.strictObject(v.entriesFromList(GATED_PATHS, flag)))),
  actions: v.exactOptional(
    v.array(
      v.strictObject({
        action: v.picklist([
          'wallet.waas.sign',
          'wallet.waas.export',
          'wallet.waas.reshare',
          'wallet.waas.refresh',
          'user.update',
        ]),
        required: v.boolean(),
        tokenBehavior: v.exactOptional(v.picklist(['single_use', 'time_bound'])),
        tokenExpirySeconds: v.exactOptional(seconds),
      }),
    ),
  ),
  allowedOrigins: v.exactOptional(v.pipe(v.array(origin), v.maxLength(100))),
  multipleSignInCredentials: flag,
  externalAuth: v.exactOptional(
    v.nullable(v.strictObject({ jwksUrl: text, iss: v.exactOptional(text), aud: v.exactOptional(text) })),
  ),
  sessionSeconds: v.exactOptional(seconds),
  otpSends: v.exactOptional(attempts),
  captcha: flag,
  cookieMode: flag,
});

/** What a change of settings may say: any of them, nothing else. Within `dynamic` and `dynamic.enforce` what is not named stays. */
export const SettingsPatch = v.strictObject({
  strictScopes: flag,
  continueWithToken: flag,
  requireNonce: flag,
  iatWindowSeconds: v.exactOptional(seconds),
  signaturePrefix: flag,
  otpAttempts: v.exactOptional(attempts),
  otpLifetimeSeconds: v.exactOptional(seconds),
  accessTokenSeconds: v.exactOptional(seconds),
  refreshTokenSeconds: v.exactOptional(seconds),
  // A part of a second is allowed: a test of a slow hook need not take long.
  hookTimeoutSeconds: v.exactOptional(v.pipe(v.number(), v.minValue(0.01), v.maxValue(600))),
  dynamic: v.exactOptional(v.pipe(plainObject, DynamicPatch)),
});
export type SettingsPatch = v.InferOutput<typeof SettingsPatch>;

/**
 * Prelude: 60 s access tokens, 5 s for a hook. Dynamic: enforced everywhere but for changes of the profile, sessions of two hours.
 * The rest are the careful choices where the documents say nothing.
 */
const DEFAULT_SETTINGS: Readonly<Settings> = Object.freeze<Settings>({
  strictScopes: true,
  continueWithToken: true,
  requireNonce: true,
  iatWindowSeconds: 60,
  signaturePrefix: true,
  otpAttempts: 5,
  otpLifetimeSeconds: 600,
  accessTokenSeconds: 60,
  refreshTokenSeconds: 30 * 86_400,
  hookTimeoutSeconds: 5,
  dynamic: {
    minApiVersion: '2026_04_01',
    enforce: {
      'users/mfa/register/totp': true,
      'users/mfa/{mfaDeviceId}': true,
      'users/passkeys/register': true,
      'users/passkeys': true,
      'emailVerifications/verify': true,
      'smsVerifications/verify': true,
      'verify/link': true,
      'verify/unlink': true,
      'waas/{walletId}/privateKey/export': true,
      users: false,
    },
    actions: [],
    allowedOrigins: [],
    multipleSignInCredentials: false,
    externalAuth: null,
    sessionSeconds: 7200,
    otpSends: 3,
    captcha: false,
    cookieMode: false,
  },
});

export interface SettingsStore {
  read(tenant: string): Promise<Settings>;
  /** Changes what the patch names and returns the whole set. Two patches at once both hold. */
  patch(tenant: string, patch: SettingsPatch): Promise<Settings>;
}

/** The settings of a state: what was patched over the defaults. */
export function createSettings(state: State): SettingsStore {
  const key = (tenant: string) => ({ tenant, kind: 'settings', id: 'settings' });
  return {
    async read(tenant) {
      const patched = await state.get<SettingsPatch>(key(tenant));
      return patched ? withDefaults(patched.value) : DEFAULT_SETTINGS;
    },
    async patch(tenant, patch) {
      for (;;) {
        const found = await state.get<SettingsPatch>(key(tenant));
        const changed = merge(found?.value ?? {}, patch);
        const written = found
          ? await state.update(key(tenant), found.version, changed)
          : await state.putIfAbsent(key(tenant), changed);
        if (written) return withDefaults(changed);
      }
    },
  };
}

function withDefaults(patched: SettingsPatch): Settings {
  const { dynamic: ours } = DEFAULT_SETTINGS;
  const dynamic = { ...ours, ...patched.dynamic, enforce: { ...ours.enforce, ...patched.dynamic?.enforce } };
  return { ...DEFAULT_SETTINGS, ...patched, dynamic };
}

function merge(patched: SettingsPatch, patch: SettingsPatch): SettingsPatch {
  if (!patch.dynamic) return { ...patched, ...patch };
  const enforce = { ...patched.dynamic?.enforce, ...patch.dynamic.enforce };
  return { ...patched, ...patch, dynamic: { ...patched.dynamic, ...patch.dynamic, enforce } };
}
