/** The switches that the reference leaves open: one set a tenant, kept in the state. */
import * as v from 'valibot';
import type { Settings } from './services.js';
import type { State } from './state/interface.js';

const MAX_SECONDS = 10 * 365 * 86_400;
const seconds = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_SECONDS));

/** What a change of settings may say: any of them, nothing else. */
export const SettingsPatch = v.strictObject({
  strictScopes: v.exactOptional(v.boolean()),
  continueWithToken: v.exactOptional(v.boolean()),
  requireNonce: v.exactOptional(v.boolean()),
  iatWindowSeconds: v.exactOptional(seconds),
  signaturePrefix: v.exactOptional(v.boolean()),
  otpAttempts: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000))),
  otpLifetimeSeconds: v.exactOptional(seconds),
  accessTokenSeconds: v.exactOptional(seconds),
  refreshTokenSeconds: v.exactOptional(seconds),
  // A part of a second is allowed: a test of a slow hook need not take long.
  hookTimeoutSeconds: v.exactOptional(v.pipe(v.number(), v.minValue(0.01), v.maxValue(600))),
});

/** Prelude: 60 s access tokens, 5 s for a hook; the rest are the careful choices where its documents say nothing. */
const DEFAULT_SETTINGS: Readonly<Settings> = Object.freeze({
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
});

export interface SettingsStore {
  read(tenant: string): Promise<Settings>;
  /** Changes what the patch names and returns the whole set. Two patches at once both hold. */
  patch(tenant: string, patch: v.InferOutput<typeof SettingsPatch>): Promise<Settings>;
}

/** The settings of a state: what was patched over the defaults. */
export function createSettings(state: State): SettingsStore {
  const key = (tenant: string) => ({ tenant, kind: 'settings', id: 'settings' });
  return {
    async read(tenant) {
      return { ...DEFAULT_SETTINGS, ...(await state.get<Partial<Settings>>(key(tenant)))?.value };
    },
    async patch(tenant, patch) {
      for (;;) {
        const found = await state.get<Partial<Settings>>(key(tenant));
        const changed = { ...found?.value, ...patch };
        const written = found
          ? await state.update(key(tenant), found.version, changed)
          : await state.putIfAbsent(key(tenant), changed);
        if (written) return { ...DEFAULT_SETTINGS, ...changed };
      }
    },
  };
}
