import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signedIn, startWorld, type Client, type World } from './client.js';

let world: World;
let user: Client;

beforeAll(async () => {
  world = await startWorld();
  user = await signedIn(world, 'paths@example.com');
});
afterAll(() => world.stop());

/** The calls that the emulator has. Without a body and a token most are refused, but none as unknown. */
const EMULATED = `
GET settings · GET nonces · GET nonce · POST connect · GET .well-known/jwks · GET .well-known/jwks.json
POST emailVerifications/create · POST emailVerifications/retry · POST emailVerifications/signin · POST emailVerifications/verify
POST smsVerifications/create · POST smsVerifications/retry · POST smsVerifications/signin · POST smsVerifications/verify
POST stepUp/check · POST waas/w1/privateKey/export
GET users/mfa · GET users/mfa/methods · GET users/mfa/d1 · PUT users/mfa/d1 · DELETE users/mfa/d1
GET users/mfa/register/totp · POST users/mfa/register/totp · GET users/mfa/register/passkey · POST users/mfa/register/passkey
POST users/mfa/auth/totp · POST users/mfa/auth/passkey · POST users/mfa/auth/recovery · POST users/mfa/auth/email
GET users/mfa/recovery · POST users/mfa/recovery
GET users/passkeys · PUT users/passkeys · DELETE users/passkeys · GET users/passkeys/authenticate
GET users/passkeys/register · POST users/passkeys/register · GET users/passkeys/signin · POST users/passkeys/signin
POST wallets/signin · POST wallets/verify · POST verify · POST verify/link · POST verify/unlink
POST externalAuth/signin · POST externalAuth/verify · GET users · PUT users · POST refresh
DELETE users · POST revoke
`;

/** Calls of the service's API that it has not, one or more of each family. */
const NOT_EMULATED = `
POST balances · GET businessAccounts · PATCH businessAccounts/b1 · DELETE businessAccounts/b1/members/u1 · GET chains/evm/balances
POST checkTelegramAuth · POST checkouts/c1/transactions · POST deviceRegistration · GET deviceRegistrations
DELETE deviceRegistrations/d1 · GET emailProvider · POST events · POST evm/simulateTransaction · GET exchange/e1/accounts
GET exchangeRates · POST farcaster/signin · POST flow/f1/quote · GET flow/f1 · GET globalWallets/settings · GET healthcheck
GET networks · GET oauthAccounts/o1/accessToken · GET offramps · GET onramps · GET onramps/moonpay/currencies · POST prefetch
GET providers/google/redirect · POST providers/google/signIn · GET realtime/auth · POST scan/websiteUrl · POST sdkSettings
GET session · POST solana/simulateTransaction · POST ssoProvider · POST swap/quote · POST telegram/signin
GET transactions/t1 · GET users/check · POST users/embeddedWallets · GET users/embeddedWallets/authToken · POST users/merge
PUT users/wallets/selection · POST verify/merge · POST verify/transfer · POST waas/create · POST waas/w1/signMessage
POST waas/w1/reshare · GET wallet/sanctions · GET yield/vaults
`;

const callsOf = (text: string): [string, string][] =>
  text
    .trim()
    .split(/ · |\n/)
    .map((call) => call.split(' ') as [string, string]);

describe('a call of the service', () => {
  it.each(callsOf(EMULATED))('%s %s is there', async (method, path) => {
    const { status } = await user.call(method, path);
    expect(status).not.toBe(404);
    expect(status).not.toBe(501);
  });

  it.each(callsOf(NOT_EMULATED))('%s %s is told by its name', async (method, path) => {
    const { status, body } = await user.call(method, path);
    expect({ status, code: body.code }).toEqual({ status: 501, code: 'not_emulated' });
    expect(body.error).toContain(`${method} ${path.split('/')[0]}`);
  });
});
