/** Every endpoint of the two services: what the emulator does of it, and how it is known that the service has it. */

/**
 * `docs`: the service's documentation or API reference. `SDK`: its official SDKs call it. `field`: seen in a public application that
 * runs on the real service. `inferred`: our reading; the service may differ. `own`: the emulator's, the service has no such thing.
 */
export type Source = 'docs' | 'SDK' | 'docs, SDK' | 'field' | 'inferred' | 'own';

export interface Endpoint {
  /** `*` stands for every method. */
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | '*';
  /** Under the group's base, as the router has it: `:name` is one segment, `*` the rest. */
  path: string;
  does: 'emulated' | 'refused';
  source: Source;
  note: string;
}

/** What the service is said to have, at a path that no source tells. */
export interface Unknown {
  does: 'not known';
  name: string;
}

export interface Group {
  title: string;
  service: 'prelude' | 'dynamic';
  /** Before each path, as the router has it. */
  base: string;
  endpoints: Endpoint[];
  unknown: Unknown[];
}

/** Lines of `METHODS PATH | NOTE`; several methods are joined by commas. */
function endpoints(does: Endpoint['does'], source: Source, lines: string): Endpoint[] {
  return lines
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [call = '', note = ''] = line.split('|').map((part) => part.trim());
      const [methods = '', path = ''] = call.split(/\s+/);
      return methods.split(',').map((method) => ({ method: method as Endpoint['method'], path, does, source, note }));
    });
}

const PRELUDE_FRONTEND: Group = {
  title: 'Prelude, frontend API',
  service: 'prelude',
  base: '/v1/session',
  endpoints: [
    ...endpoints(
      'emulated',
      'docs, SDK',
      `
      POST /login/otp | older way to log in by code
      POST /login/otp/check
      POST /login/otp/retry
      POST /otp | code of a login or of a step
      POST /otp/check
      POST /otp/retry
      POST /login/finalize
      POST /login/email/password
      POST /login/oauth/:provider/authorize | sends to the emulator's own provider
      POST /refresh
      POST /revoke
      GET /me/list
      POST /me/revoke
      POST /me/password/reset
      POST /stepup/request
      POST /stepup/continue`,
    ),
    ...endpoints(
      'emulated',
      'SDK',
      `
      POST /login/email/sign-up
      GET /password/compliancy
      POST /login/passkey/begin | mobile SDKs
      POST /login/passkey/finish | mobile SDKs
      POST /me/passkeys/register/begin | mobile SDKs
      POST /me/passkeys/register/finish | mobile SDKs`,
    ),
    ...endpoints(
      'emulated',
      'inferred',
      `
      GET /me/identifiers | a page of the docs names the call, not its path
      GET /me/passkeys
      DELETE /me/passkeys/:id`,
    ),
    ...endpoints('refused', 'docs, SDK', `POST /migration`),
  ],
  unknown: [{ does: 'not known', name: 'login by SAML' }],
};

const PRELUDE_DOCUMENTS: Group = {
  title: 'Prelude, public documents',
  service: 'prelude',
  base: '',
  endpoints: [
    ...endpoints(
      'emulated',
      'docs',
      `
      GET /.well-known/jwks.json | keys of access tokens and of hook calls
      GET /.well-known/step-up-jwks.json | keys of challenge tokens`,
    ),
    ...endpoints('emulated', 'field', `GET /.well-known/oauth-authorization-server`),
    ...endpoints('emulated', 'own', `GET /oauth-provider/:provider/authorize | stands for Google and the others`),
  ],
  unknown: [],
};

const PRELUDE_MANAGEMENT: Group = {
  title: 'Prelude, management API',
  service: 'prelude',
  base: '/v2/session/apps/:appId',
  endpoints: [
    ...endpoints(
      'emulated',
      'docs',
      `
      GET,POST,DELETE /config/scopes
      GET,POST,PUT /config/stepup
      GET,POST /config/login/otp
      PUT /config/login/otp/:id
      POST /config/login/password
      POST /config/login/oauth/:provider
      PUT /config/passkey
      POST /tokens | development tokens
      POST /users
      DELETE /users/:id
      PUT /users/:id/password
      PATCH /users/:id/profile
      GET /users/:id/sessions
      DELETE /users/:id/sessions/:session`,
    ),
    ...endpoints(
      'emulated',
      'inferred',
      `
      DELETE /config/stepup
      DELETE /config/login/otp/:id
      GET,POST /login-configs | older path of /config/login/otp
      PUT,DELETE /login-configs/:id
      GET,PUT,DELETE /config/login/password
      GET,PUT,DELETE /config/login/oauth/:provider
      GET,DELETE /config/passkey
      GET /users
      GET /users/:id
      POST /users/:id/scopes | a page of the docs names the call, not its path
      POST /users/:id/sessions/invalidate | a page of the docs names the call, not its path`,
    ),
    ...endpoints(
      'refused',
      'docs',
      `
      * /config/claims
      * /config/migration
      * /domains
      * /domains/*
      * /webhooks
      * /webhooks/*`,
    ),
  ],
  unknown: [{ does: 'not known', name: 'switch between development and production' }],
};

const DYNAMIC: Group = {
  title: 'Dynamic, SDK API',
  service: 'dynamic',
  base: '/api/v0/sdk/:environmentId',
  endpoints: [
    ...endpoints(
      'emulated',
      'SDK',
      `
      GET /settings
      GET /nonce
      GET /nonces
      POST /connect
      GET /.well-known/jwks
      GET /.well-known/jwks.json
      POST /emailVerifications/create
      POST /emailVerifications/retry
      POST /emailVerifications/signin
      POST /emailVerifications/verify
      POST /smsVerifications/create
      POST /smsVerifications/retry
      POST /smsVerifications/signin
      POST /smsVerifications/verify
      POST /stepUp/check
      GET /users/mfa/methods
      GET /users/mfa
      GET,PUT,DELETE /users/mfa/:id
      GET,POST /users/mfa/register/totp
      GET,POST /users/mfa/register/passkey
      POST /users/mfa/auth/totp
      POST /users/mfa/auth/email
      POST /users/mfa/auth/passkey
      POST /users/mfa/auth/recovery
      GET,POST /users/mfa/recovery
      GET,PUT,DELETE /users/passkeys
      GET /users/passkeys/authenticate
      GET,POST /users/passkeys/register
      GET,POST /users/passkeys/signin
      POST /wallets/signin
      POST /wallets/verify
      POST /verify
      POST /verify/link
      POST /verify/unlink
      POST /externalAuth/signin
      POST /externalAuth/verify
      POST /refresh
      POST /revoke
      GET,PUT,DELETE /users
      POST /waas/:walletId/privateKey/export | checks the elevated token; there is no key`,
    ),
    ...endpoints(
      'refused',
      'SDK',
      `
      * /balances
      * /businessAccounts
      * /businessAccounts/*
      * /chains/*
      * /checkTelegramAuth
      * /checkouts/*
      * /deviceRegistration
      * /deviceRegistrations
      * /deviceRegistrations/*
      * /emailProvider
      * /events
      * /evm/*
      * /exchange/*
      * /exchangeRates
      * /farcaster/*
      * /flow/*
      * /globalWallets/*
      * /healthcheck
      * /networks
      * /oauthAccounts/*
      * /offramps
      * /onramps
      * /onramps/*
      * /prefetch
      * /providers/* | social login
      * /realtime/auth
      * /scan/*
      * /sdkSettings
      * /session
      * /solana/*
      * /ssoProvider
      * /swap/*
      * /telegram/*
      * /transactions/*
      * /users/check
      * /users/embeddedWallets
      * /users/embeddedWallets/*
      * /users/merge
      * /users/wallets/selection
      * /verify/merge
      * /verify/transfer
      * /waas/* | embedded wallets
      * /wallet/*
      * /yield/*`,
    ),
  ],
  unknown: [],
};

/** In the order in which the page shows them. */
export const GROUPS: Group[] = [PRELUDE_FRONTEND, PRELUDE_DOCUMENTS, PRELUDE_MANAGEMENT, DYNAMIC];
