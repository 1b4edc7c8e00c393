/** The official client, unmodified and in a real browser, registers and uses passkeys at the emulator. */
import {
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type AuthenticationResponseJSON,
  type RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DynamicPageDriver } from './pages/dynamic.js';
import { launchChromium, skipsWithoutChromium, type Browser } from './support/chromium.js';
import { startEnvironment, type Environment } from './support/dynamic-environment.js';
import { openSdkPage, valueOf, type Result, type SdkPage } from './support/sdk-page.js';
import { addAuthenticator, type VirtualAuthenticator } from './support/virtual-authenticator.js';

const NOT_REQUIRED = { isRequired: false, credentials: [] };

describe.skipIf(skipsWithoutChromium())('@dynamic-labs-sdk/client 1.27.1 in Chromium', () => {
  let environment: Environment;
  let browser: Browser;
  let site: SdkPage<DynamicPageDriver>;
  let sdk: SdkPage<DynamicPageDriver>['sdk'];
  let authenticator: VirtualAuthenticator;
  let email: string;
  let made = 0;
  /** `POST http://127.0.0.1:4780/…`, since the last look. */
  let requests: string[] = [];

  beforeAll(async () => {
    environment = await startEnvironment();
    browser = await launchChromium();
    browser.context.on('request', (request) => requests.push(`${request.method()} ${request.url()}`));
    site = await openSdkPage<DynamicPageDriver>(browser.context, 'dynamic');
    sdk = site.sdk;
  });
  afterAll(async () => {
    await site?.close();
    await browser?.close();
    await environment?.stop();
  });
  beforeEach(async () => {
    await site.reset();
    authenticator = await addAuthenticator(site.page);
    await open();
    email = `browser-${++made}@example.com`;
  });
  afterEach(() => {
    const away = requests.splice(0).filter((request) => !/^[A-Z]+ http:\/\/(127\.0\.0\.1|localhost):/.test(request));
    if (away.length > 0) throw new Error(`The page has called ${away.join(', ')}`);
  });

  /** Starts the client in this page, or in another one. */
  async function open(by = sdk): Promise<void> {
    valueOf(await by.open(environment.dynamic.apiBaseUrl, environment.dynamic.environmentId));
  }

  async function byEmail(scopes?: string[]): Promise<void> {
    const sent = valueOf(await sdk.sendEmail(email));
    valueOf(await sdk.verifyCode(sent, await environment.newestCode(email), scopes ? { scopes } : {}));
  }

  /** Signs in, and registers a passkey by way of a code to the address. Answers with the user's id. */
  async function signInAndRegister(): Promise<string> {
    await byEmail();
    await byEmail(['credential:link']);
    return valueOf(await sdk.registerPasskey()).user.id;
  }

  /** Paths of calls to the service since the last look. */
  function calls(): string[] {
    const base = `${environment.dynamic.apiBaseUrl}/sdk/${environment.dynamic.environmentId}/`;
    const ours = requests.splice(0).filter((request) => request.includes(base));
    return ours.map((request) => request.replace(base, '')).filter((request) => !request.startsWith('GET nonces'));
  }

  /** What goes over the wire while a passkey is made or used. */
  async function ceremony(
    from: string,
    to: string,
    work: () => Promise<Result<unknown>>,
  ): Promise<{ challenge: string; body: unknown }> {
    const [options, sent, result] = await Promise.all([
      site.page.waitForResponse((answer) => answer.request().method() === 'GET' && answer.url().endsWith(from)),
      site.page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith(to)),
      work(),
    ]);
    valueOf(result);
    return { challenge: ((await options.json()) as { challenge: string }).challenge, body: sent.postDataJSON() };
  }

  it('registers a passkey with an elevated token, and not without', async () => {
    await byEmail();
    expect(await sdk.registerPasskey()).toMatchObject({ error: 'APIError', code: 'elevated_access_token_required' });
    expect(valueOf(await sdk.check('credential:link'))).toMatchObject({
      isRequired: true,
      credentials: [{ format: 'email', alias: email }],
    });
    await byEmail(['credential:link']);
    calls();
    expect(valueOf(await sdk.check('credential:link'))).toMatchObject(NOT_REQUIRED);
    valueOf(await sdk.registerPasskey());
    expect(calls()).toEqual(['GET users/passkeys/register', 'POST users/passkeys/register']);

    const [passkey, ...others] = valueOf(await sdk.passkeys());
    expect(others).toEqual([]);
    const known = (await authenticator.credentials()).map(({ credentialId }) => base64url(credentialId));
    expect(known).toContain(passkey?.credentialId);
    expect(valueOf(await sdk.check('wallet:export'))).toMatchObject({
      isRequired: true,
      credentials: [{ id: passkey?.id, format: 'passkey', type: 'passkey' }],
      defaultCredentialId: passkey?.id,
    });
  });

  it('sends what an independent server of WebAuthn takes as well', async () => {
    const { origin } = new URL(site.page.url());
    const expected = { expectedOrigin: origin, expectedRPID: 'localhost', requireUserVerification: true };
    await byEmail();
    await byEmail(['credential:link']);
    const created = await ceremony('users/passkeys/register', 'users/passkeys/register', () => sdk.registerPasskey());
    const { response, ...rest } = created.body as RegistrationResponseJSON & { response: { clientDataJson: string } };
    expect(response).not.toHaveProperty('clientDataJSON');
    const registration = await verifyRegistrationResponse({
      ...expected,
      expectedChallenge: created.challenge,
      response: { ...rest, response: { ...response, clientDataJSON: response.clientDataJson } },
    });
    expect(registration.verified).toBe(true);

    const used = await ceremony('users/passkeys/authenticate', 'users/mfa/auth/passkey', () =>
      sdk.verifyPasskey(['wallet:export']),
    );
    const authentication = await verifyAuthenticationResponse({
      ...expected,
      expectedChallenge: used.challenge,
      response: used.body as AuthenticationResponseJSON,
      credential: registration.registrationInfo!.credential,
    });
    expect(authentication.verified).toBe(true);
  });

  it('steps up by passkey; a re-authentication is refused then', async () => {
    const id = await signInAndRegister();
    const sent = valueOf(await sdk.sendEmail(email));
    expect(
      await sdk.verifyCode(sent, await environment.newestCode(email), { scopes: ['wallet:export'] }),
    ).toMatchObject({ error: 'APIError', code: 'mfa_required' });
    calls();
    expect(valueOf(await sdk.verifyPasskey(['wallet:export'])).user.id).toBe(id);
    expect(calls()).toEqual(['GET users/passkeys/authenticate', 'POST users/mfa/auth/passkey']);
    expect(valueOf(await sdk.check('wallet:export'))).toMatchObject(NOT_REQUIRED);
    expect(calls()).toEqual([]);
  });

  it('keeps session and elevated tokens when the page is loaded again', async () => {
    const id = await signInAndRegister();
    valueOf(await sdk.verifyPasskey(['credential:unlink', 'wallet:export']));
    const token = valueOf(await sdk.held('wallet:export'));
    expect(token).toBeTypeOf('string');

    await site.page.reload();
    calls();
    await open();
    expect(valueOf(await sdk.user())?.id).toBe(id);
    expect(valueOf(await sdk.held('wallet:export'))).toBe(token);
    expect(valueOf(await sdk.check('credential:unlink'))).toMatchObject(NOT_REQUIRED);
    expect(calls()).toEqual([]);
    expect(valueOf(await sdk.refreshUser()).id).toBe(id);
  });

  it('removes the passkey: once with the token, not without', async () => {
    await signInAndRegister();
    const [passkey] = valueOf(await sdk.passkeys());
    expect(await sdk.deletePasskey(passkey!.id)).toMatchObject({ code: 'elevated_access_token_required' });
    valueOf(await sdk.verifyPasskey(['credential:unlink', 'wallet:export']));
    valueOf(await sdk.deletePasskey(passkey!.id));
    expect(valueOf(await sdk.passkeys())).toEqual([]);
    expect(valueOf(await sdk.held('credential:unlink'))).toBeNull();
    expect(await sdk.deletePasskey(passkey!.id)).toMatchObject({ code: 'elevated_access_token_required' });
    expect(await sdk.verifyPasskey(['wallet:export'])).toMatchObject({ error: 'NoPasskeyCredentialsFoundError' });
  });

  it('signs in by passkey in a new session, from another local port as well', async () => {
    const id = await signInAndRegister();
    valueOf(await sdk.logout());
    expect(valueOf(await sdk.user())).toBeNull();
    expect(valueOf(await sdk.signInWithPasskey()).user.id).toBe(id);

    const other = await openSdkPage<DynamicPageDriver>(browser.context, 'dynamic');
    try {
      expect(new URL(other.page.url()).port).not.toBe(new URL(site.page.url()).port);
      const elsewhere = await addAuthenticator(other.page);
      await elsewhere.add((await authenticator.credentials()).at(-1)!);
      await open(other.sdk);
      expect(valueOf(await other.sdk.user())).toBeNull();
      expect(valueOf(await other.sdk.signInWithPasskey()).user.id).toBe(id);
      expect(valueOf(await other.sdk.verifyPasskey(['wallet:export'])).user.id).toBe(id);
      expect(valueOf(await other.sdk.held('wallet:export'))).toBeTypeOf('string');
    } finally {
      await other.close();
    }
  });
});

function base64url(base64: string): string {
  return Buffer.from(base64, 'base64').toString('base64url');
}
