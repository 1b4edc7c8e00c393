/** Seeds that the reader takes. */

const POINT = {
  // RFC 7517, appendix A.1.
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
};

export const WHOLE = {
  $schema: './node_modules/stepup/schema/emulator-seed.schema.json',
  settings: {
    strictScopes: true,
    continueWithToken: true,
    requireNonce: false,
    iatWindowSeconds: 30,
    signaturePrefix: false,
    otpAttempts: 3,
    otpLifetimeSeconds: 120,
    accessTokenSeconds: 60,
    refreshTokenSeconds: 3600,
    hookTimeoutSeconds: 0.5,
    dynamic: {
      minApiVersion: '2026_04_01',
      enforce: { users: true },
      actions: [{ action: 'wallet.waas.sign', required: true, tokenBehavior: 'single_use', tokenExpirySeconds: 60 }],
      allowedOrigins: ['https://app.example.com'],
      multipleSignInCredentials: true,
      externalAuth: { jwksUrl: 'http://127.0.0.1:3000/jwks', iss: 'me', aud: 'you' },
      sessionSeconds: 600,
      otpSends: 5,
      captcha: false,
      cookieMode: false,
    },
  },
  prelude: {
    scopes: ['transfer:write', 'account:delete'],
    stepup: {
      jwks_url: 'https://a.example/jwks.json',
      step_keys: [{ key: 'face_id', description: 'a selfie' }],
      allowed_scopes: [
        {
          scope: 'transfer:write',
          mode: 'direct',
          direct: {
            identifier_types: ['phone_number'],
            status: 'review',
            grant_mode: 'single-use',
            granted_for: 60,
            steps: [{ order: 1, key: 'verify_sms', expiration_duration: 300 }],
          },
        },
        { scope: 'account:delete', mode: 'delegated', delegated: { delegation_hook: 'http://127.0.0.1:3000/hook' } },
        { scope: 'prld:email:register', mode: 'managed' },
      ],
    },
    login_otp: [
      {
        channel_type: 'sms',
        is_default: true,
        template_id: 'tpl_1',
        sender_id: 'Acme',
        granted_scopes: ['profile:read'],
        code_size: 6,
      },
    ],
    login_password: {
      hash_method: 'argon2id',
      enabled: true,
      rate_limit_login_ip: { ttl: 60_000_000_000, limit: 10 },
      rate_limit_login_identifier: { ttl: 60_000_000_000, limit: 5 },
      password_compliancy: { min_length: 8, max_length: 64, uppercase: 0, lowercase: 0, numbers: 0, symbols: 0 },
    },
    login_oauth: {
      google: {
        client_id: 'google-client',
        enabled: true,
        scopes: ['openid'],
        granted_scopes: ['profile:read'],
        options: { use_email_as_identifier: true, allow_email_account_merge: false, verify_email: true },
        redirect_uris: ['https://app.example.com/back'],
      },
    },
    passkey: {
      rp_id: 'app.example.com',
      rp_name: 'Acme',
      allowed_origins: ['https://app.example.com'],
      user_verification: 'required',
      attestation_preference: 'none',
      login_enabled: true,
      granted_scopes: ['profile:read'],
      aaguid_allowlist: ['00000000-0000-4000-8000-000000000009'],
    },
    users: [
      {
        id: 'usr_ada',
        identifiers: ['+33612345678', 'ada@example.com'],
        profile: { plan: 'pro' },
        password: 'correct horse',
        scopes: ['profile:read'],
        passkeys: [
          {
            credentialId: 'cHJlbHVkZS1rZXk',
            publicKey: POINT,
            counter: 3,
            transports: ['internal'],
            nickname: 'Laptop',
            aaguid: '00000000-0000-4000-8000-000000000009',
          },
        ],
      },
    ],
  },
  dynamic: {
    users: [
      {
        id: '00000000-0000-4000-8000-0000000000aa',
        identifiers: ['+33612345678', 'ada@example.com'],
        wallets: [
          { address: '0x52908400098527886E0F7030069857D2E4169EE7', name: 'metamask', provider: 'browserExtension' },
        ],
        totp: { secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', alias: 'Phone' },
        recoveryCodes: ['aaaa-1111', 'bbbb-2222'],
        passkeys: [
          {
            credentialId: 'ZHluYW1pYy1rZXk',
            publicKey: POINT,
            counter: 0,
            transports: ['internal'],
            alias: 'Laptop',
            origin: 'https://app.example.com',
            rpId: 'example.com',
          },
        ],
        profile: { firstName: 'Ada' },
      },
    ],
  },
  identities: [
    { identity: '+33612345678', code: '424242' },
    { identity: '+33600000001', lateSeconds: 30, tooManyAttempts: true },
    { identity: 'nobody@example.com', suppressed: 'the carrier has rejected it' },
    { identity: 'usr_ada', hookVerdict: 'block', fault: { method: 'POST', path: '/v1/session/*', status: 503 } },
    { identity: '0x52908400098527886E0F7030069857D2E4169EE7', fault: { latencyMs: 200 } },
  ],
  tenants: [{ id: 'second', prelude: { scopes: ['a'] }, identities: [{ identity: 'a@b.co', code: '1234' }] }],
};

export const GOOD: object[] = [{}, { identities: [] }, WHOLE];
