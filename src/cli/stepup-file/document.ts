/** What a stepup.json says: an application's scopes, step-up configuration and logins, in the service's own field names. */
import * as v from 'valibot';
import { callbackProblem } from '../../target/addresses.js';
import { GRANT_MODES, MANAGED_SCOPES, MANAGED_STEPS, STATUSES } from '../verdict.js';

/** An object that has these fields and no others, not even those that every object inherits. */
function closed<Entries extends v.ObjectEntries>(entries: Entries): v.StrictObjectSchema<Entries, undefined> {
  const bare = { ...entries };
  Object.setPrototypeOf(bare, null);
  return v.strictObject(bare);
}

const NAME = /^[a-zA-Z0-9.\-_:]+$/;
const ILL_NAMED = 'has characters other than letters, digits and . - _ :';
const name = v.pipe(v.string(), v.regex(NAME, ILL_NAMED));
const nonEmpty = v.pipe(v.string(), v.minLength(1, 'is empty'));
const wholeFrom = (least: number, most = Number.MAX_SAFE_INTEGER): v.GenericSchema<number> =>
  v.pipe(
    v.number(),
    v.integer('is no whole number'),
    v.minValue(least, `is below ${least}`),
    v.maxValue(most, `is over ${most}`),
  );
const seconds = wholeFrom(0, 86_400);
const address = v.pipe(
  v.string(),
  v.check((text) => callbackProblem(text, 'It') === undefined, 'is no https address (http is for this machine only)'),
);

function distinct(list: unknown[]): boolean {
  return new Set(list).size === list.length;
}

const stepKey = closed({
  key: v.pipe(
    name,
    v.check((key) => !MANAGED_STEPS.includes(key), "is a step of the service's own, which needs no key"),
  ),
  description: v.optional(v.string()),
});

const step = closed({ order: wholeFrom(0), key: name, expiration_duration: seconds });

const direct = closed({
  identifier_types: v.pipe(
    v.array(v.picklist(['email_address', 'phone_number'])),
    v.minLength(1, 'names no identifier type'),
    v.check((list) => distinct(list), 'names one twice'),
  ),
  status: v.picklist(STATUSES),
  grant_mode: v.optional(v.picklist(GRANT_MODES)),
  granted_for: v.optional(seconds),
  steps: v.optional(v.array(step)),
});

const allowedScope = v.variant('mode', [
  closed({ scope: name, mode: v.literal('delegated'), delegated: closed({ delegation_hook: address }) }),
  closed({ scope: name, mode: v.literal('direct'), direct }),
  closed({
    scope: v.pipe(
      name,
      v.check((scope) => MANAGED_SCOPES.includes(scope), `cannot be managed: only ${MANAGED_SCOPES.join(' and ')} can`),
    ),
    mode: v.literal('managed'),
  }),
]);

const stepUp = closed({
  jwks_url: v.optional(v.union([v.literal(''), address], 'is no https address (http is for this machine only)')),
  step_keys: v.optional(v.array(stepKey), []),
  allowed_scopes: v.optional(v.array(allowedScope), []),
});

/** Where no field is needed, an empty list would pass for an object. */
const stepUpObject = v.pipe(
  v.unknown(),
  v.check((value) => !Array.isArray(value), 'is a list and no object'),
  stepUp,
);

const otpLogin = closed({
  channel_type: v.picklist(['sms', 'email']),
  is_default: v.optional(v.boolean(), false),
  template_id: v.optional(nonEmpty),
  sender_id: v.optional(nonEmpty),
  granted_scopes: v.optional(
    v.pipe(
      v.array(name),
      v.check((list) => distinct(list), 'names a scope twice'),
    ),
  ),
  code_size: v.optional(wholeFrom(4, 8)),
});

const SECOND = 1_000_000_000;
const rateLimit = closed({
  ttl: v.pipe(
    wholeFrom(0),
    v.check((ttl) => ttl === 0 || ttl >= SECOND, 'is under a second: it is in nanoseconds'),
  ),
  limit: wholeFrom(0),
});

const passwordLogin = closed({
  hash_method: nonEmpty,
  enabled: v.boolean(),
  rate_limit_login_ip: rateLimit,
  rate_limit_login_identifier: rateLimit,
  password_compliancy: closed({
    min_length: wholeFrom(0),
    max_length: wholeFrom(0),
    uppercase: wholeFrom(0),
    lowercase: wholeFrom(0),
    numbers: wholeFrom(0),
    symbols: wholeFrom(0),
  }),
});

/** The sections, in the order of the file. One that is left out is left as it is. */
export const SECTIONS = ['scopes', 'stepup', 'login_otp', 'login_password'] as const;
export type Section = (typeof SECTIONS)[number];

/** The whole file. What goes beyond the shape is checked by `faultsOf`. */
export const stepUpFileSchema = closed({
  $schema: v.optional(v.string()),
  scopes: v.optional(v.array(name)),
  stepup: v.optional(v.nullable(stepUpObject)),
  login_otp: v.optional(v.array(otpLogin)),
  login_password: v.optional(passwordLogin),
});

export type StepUpFile = v.InferOutput<typeof stepUpFileSchema>;
export type FileStepUp = v.InferOutput<typeof stepUp>;
export type FileScope = FileStepUp['allowed_scopes'][number];
export type FileOtpLogin = v.InferOutput<typeof otpLogin>;
export type FilePasswordLogin = v.InferOutput<typeof passwordLogin>;
