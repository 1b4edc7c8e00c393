/** What anybody may read: the environment's settings, nonces, key set. */
import { Hono } from 'hono';
import { CAPTCHA } from '../captcha.js';
import { DynamicError, type Env } from '../errors.js';
import { issueNonce } from '../nonces.js';
import { placeOf, settingsOf, type Parts, type Place } from '../parts.js';

const MAX_NONCES = 5;
/** When the environment was made, as its documents say. */
const ENABLED_AT = '2026-01-01T00:00:00.000Z';

/** `settings`, `nonces`, `nonce`, `connect`, `.well-known/jwks`, `.well-known/jwks.json`. */
export function publicRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  routes.get('/settings', async (c) => c.json(await projectSettings(placeOf(c, parts))));

  routes.get('/nonces', async (c) => {
    const place = placeOf(c, parts);
    const count = c.req.query('count') ?? '1';
    if (!/^[1-9]\d{0,3}$/.test(count)) {
      const words = 'count: expected a number from 1, got another value';
      throw new DynamicError('bad_request', words, words);
    }
    const nonces: string[] = [];
    while (nonces.length < Math.min(Number(count), MAX_NONCES)) nonces.push(await issueNonce(place));
    return c.json({ nonces });
  });

  routes.get('/nonce', async (c) => c.json({ nonce: await issueNonce(placeOf(c, parts)) }));

  // The official client tells that a wallet was connected, and does not wait for the answer.
  routes.post('/connect', (c) => c.body(null, 204));

  for (const path of ['/.well-known/jwks', '/.well-known/jwks.json']) {
    routes.get(path, async (c) => c.json(await placeOf(c, parts).tokens.keySet()));
  }

  return routes;
}

/** Dynamic: ProjectSettings. */
async function projectSettings(place: Place): Promise<Record<string, unknown>> {
  const settings = await settingsOf(place);
  const { minApiVersion, actions, externalAuth, multipleSignInCredentials, sessionSeconds } = settings;
  const methods = ['totp', 'passkey'];
  return {
    environmentName: 'sandbox',
    chains: [{ name: 'evm', enabled: true, networks: [] }],
    networks: [],
    kyc: [],
    customFields: [],
    design: {},
    general: { displayName: 'stepup emulator' },
    privacy: {},
    providers: ['emailOnly', 'sms', 'passkey'].map((provider) => ({ id: provider, provider, enabledAt: ENABLED_AT })),
    sdk: { minApiVersion, multiWallet: true, confirmWalletTransfers: false, preventOrphanedAccounts: true },
    security: {
      auth: {
        storage: [settings.cookieMode ? 'cookie' : 'localstorage'],
        allowMultipleCredentialsForSignIn: multipleSignInCredentials,
      },
      ...(settings.captcha ? { captcha: CAPTCHA } : {}),
      externalAuth: { enabled: externalAuth !== null, ...externalAuth },
      jwtDuration: { amount: Math.max(1, Math.round(sessionSeconds / 60)), unit: 'minutes' },
      deviceRegistrationRequired: false,
      environmentLocked: false,
      mfa: {
        enabled: false,
        required: false,
        enrollment: 'none',
        availableMethods: methods,
        methods: methods.map((type) => ({ type, enabled: true, allowBackupCodes: true })),
        actions,
      },
    },
  };
}
