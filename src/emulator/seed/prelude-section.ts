/** How a Prelude application is configured in a seed: the sections of a stepup.json, and logins by OAuth and passkey. */
import * as v from 'valibot';
import { closed, flag, list, member, oneOf, text, whole } from './shape.js';

const NAME = /^[a-zA-Z0-9.\-_:]+$/;
const name = text(NAME, 'a name of letters, digits and . - _ :');
const words = text(/^[\s\S]{1,8192}$/u, 'a text that is not empty');
const scopes = list(name, 100);
const seconds = whole(0, 86_400);
const count = whole(0, 1024);

const step = closed({ order: whole(0, Number.MAX_SAFE_INTEGER), key: name, expiration_duration: seconds });

const direct = closed({
  identifier_types: list(oneOf(['email_address', 'phone_number']), 2, 1),
  status: oneOf(['continue', 'review', 'block']),
  grant_mode: v.optional(oneOf(['single-use', 'session-bound', 'profile-bound'])),
  granted_for: v.optional(seconds),
  steps: v.optional(list(step, 100)),
});

const allowedScope = v.variant(
  'mode',
  [
    member({ scope: name, mode: v.literal('delegated'), delegated: closed({ delegation_hook: words }) }),
    member({ scope: name, mode: v.literal('direct'), direct }),
    member({ scope: name, mode: v.literal('managed') }),
  ],
  'mode delegated, direct or managed',
);

const stepUp = closed({
  jwks_url: v.optional(v.string('an address')),
  step_keys: list(closed({ key: name, description: v.optional(v.string('a text')) }), 1000),
  allowed_scopes: list(allowedScope, 1000),
});

const otpLogin = closed({
  channel_type: oneOf(['sms', 'email']),
  is_default: v.optional(flag),
  template_id: v.optional(words),
  sender_id: v.optional(words),
  granted_scopes: v.optional(scopes),
  code_size: v.optional(whole(4, 8)),
});

const rateLimit = closed({
  ttl: whole(1, Number.MAX_SAFE_INTEGER),
  limit: whole(1, Number.MAX_SAFE_INTEGER),
});

const passwordLogin = closed({
  hash_method: text(/^[a-z0-9_-]{1,32}$/, 'a name such as argon2id'),
  enabled: flag,
  rate_limit_login_ip: rateLimit,
  rate_limit_login_identifier: rateLimit,
  password_compliancy: closed({
    min_length: count,
    max_length: count,
    uppercase: count,
    lowercase: count,
    numbers: count,
    symbols: count,
  }),
});

const oauthLogin = closed({
  client_id: words,
  enabled: v.optional(flag),
  scopes: v.optional(list(words, 100)),
  granted_scopes: v.optional(scopes),
  options: v.optional(
    closed({
      use_email_as_identifier: v.optional(flag),
      allow_email_account_merge: v.optional(flag),
      verify_email: v.optional(flag),
    }),
  ),
  redirect_uris: v.optional(list(words, 100)),
});

const passkey = closed({
  rp_id: text(/^[a-z0-9.-]{1,253}$/, 'a domain in lower case'),
  rp_name: text(/^[\s\S]{1,256}$/u, 'a name of 1 to 256 characters'),
  allowed_origins: list(words, 100, 1),
  user_verification: v.optional(oneOf(['required', 'preferred', 'discouraged'])),
  attestation_preference: v.optional(oneOf(['none', 'indirect', 'direct', 'enterprise'])),
  login_enabled: v.optional(flag),
  granted_scopes: v.optional(scopes),
  aaguid_allowlist: v.optional(list(words, 1000)),
});

/** The configuration's fields. What goes beyond their form is what the emulated service itself refuses. */
export const preludeSections = {
  /** The scopes that are registered. */
  scopes: v.optional(list(name, 1000)),
  stepup: v.optional(stepUp),
  login_otp: v.optional(list(otpLogin, 100)),
  login_password: v.optional(passwordLogin),
  login_oauth: v.optional(
    closed({
      google: v.optional(oauthLogin),
      apple: v.optional(oauthLogin),
      microsoft: v.optional(oauthLogin),
      github: v.optional(oauthLogin),
      okta: v.optional(oauthLogin),
      facebook: v.optional(oauthLogin),
    }),
  ),
  passkey: v.optional(passkey),
};
