/** Files that are good, which tests change one thing of. */

const HOOK = 'https://api.example.com/hooks/stepup';
const JWKS = 'https://api.example.com/.well-known/jwks.json';
const password = {
  hash_method: 'argon2id',
  enabled: true,
  rate_limit_login_ip: { ttl: 600_000_000_000, limit: 20 },
  rate_limit_login_identifier: { ttl: 600_000_000_000, limit: 5 },
  password_compliancy: { min_length: 12, max_length: 0, uppercase: 1, lowercase: 0, numbers: 2, symbols: 0 },
};

const direct = (type: string, step: string): object => ({
  scope: 'prld:pwd:write',
  mode: 'direct',
  direct: {
    identifier_types: [type],
    status: 'review',
    grant_mode: 'session-bound',
    granted_for: 300,
    steps: [{ order: 1, key: step, expiration_duration: 600 }],
  },
});

/** Every field that there is, as the service has it. */
export const WHOLE = {
  $schema: './node_modules/stepup/schema/stepup.schema.json',
  scopes: ['prld:phone:register', 'prld:pwd:write', 'transfer:write'],
  stepup: {
    jwks_url: JWKS,
    step_keys: [{ key: 'form.w9' }, { key: 'kyc_review', description: 'manual KYC' }],
    allowed_scopes: [
      { scope: 'prld:phone:register', mode: 'managed' },
      direct('email_address', 'verify_email'),
      direct('phone_number', 'verify_sms'),
      { scope: 'transfer:write', mode: 'delegated', delegated: { delegation_hook: HOOK } },
    ],
  },
  login_otp: [
    { channel_type: 'sms', is_default: true, template_id: 'tpl_1', sender_id: 'Acme', code_size: 6 },
    { channel_type: 'email', is_default: true },
    { channel_type: 'email', is_default: false, granted_scopes: ['prld:pwd:write'], code_size: 8 },
  ],
  login_password: password,
};

/** Small ones, each of another kind. */
export const GOOD: object[] = [
  WHOLE,
  { scopes: [] },
  { stepup: null },
  { stepup: {} },
  { login_otp: [] },
  { login_password: password },
  { stepup: { jwks_url: '', step_keys: [], allowed_scopes: [] } },
  {
    stepup: {
      jwks_url: 'http://localhost:3000/jwks?x=1',
      allowed_scopes: [{ scope: 'a', mode: 'delegated', delegated: { delegation_hook: 'http://127.0.0.1:9/hook' } }],
    },
  },
  {
    stepup: {
      step_keys: [{ key: 'kyc' }],
      allowed_scopes: [
        {
          scope: 'once',
          mode: 'direct',
          direct: {
            identifier_types: ['email_address', 'phone_number'],
            status: 'review',
            grant_mode: 'single-use',
            granted_for: 0,
            steps: [
              { order: 1, key: 'kyc', expiration_duration: 0 },
              { order: 2, key: 'verify_passkey', expiration_duration: 86_400 },
            ],
          },
        },
        { scope: 'never', mode: 'direct', direct: { identifier_types: ['email_address'], status: 'block' } },
        {
          scope: 'always',
          mode: 'direct',
          direct: {
            identifier_types: ['phone_number'],
            status: 'continue',
            grant_mode: 'profile-bound',
            granted_for: 86_400,
          },
        },
      ],
    },
  },
];
