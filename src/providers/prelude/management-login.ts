/** Login configurations of an application: OTP by channel, and the one of passwords. */
import * as v from 'valibot';
import { RefusedError, UsageError } from '../../errors.js';
import { parseAnswer } from '../parse.js';
import type { Refusal } from '../refusal.js';
import { refusalError } from './errors.js';
import type { ManagementCaller } from './management-call.js';

const text = v.optional(v.nullable(v.string()));

const otpLoginBodySchema = v.looseObject({
  config_type: v.optional(v.string(), 'otp'),
  channel_type: v.picklist(['sms', 'email']),
  is_default: v.optional(v.boolean(), false),
  template_id: text,
  sender_id: text,
  granted_scopes: v.optional(v.nullable(v.array(v.string()))),
  code_size: v.optional(v.nullable(v.number())),
});
const otpLoginSchema = v.looseObject({
  ...otpLoginBodySchema.entries,
  id: v.pipe(v.string(), v.nonEmpty()),
  created_at: v.optional(v.string()),
  updated_at: v.optional(v.string()),
});
/** Prelude: a configuration of OTP login as it is written, in the service's field names. */
export type OtpLoginBody = v.InferOutput<typeof otpLoginBodySchema>;
/** One as the service has it. Fields that we do not know are kept. */
export type OtpLogin = v.InferOutput<typeof otpLoginSchema>;

const limitSchema = v.looseObject({ ttl: v.number(), limit: v.number() });
/** How many characters of a kind; a flag stands for one. */
const atLeast = v.optional(v.pipe(v.union([v.number(), v.boolean()]), v.transform(Number)), 0);
const passwordLoginSchema = v.looseObject({
  hash_method: v.optional(v.string()),
  enabled: v.optional(v.boolean()),
  rate_limit_login_ip: v.optional(limitSchema),
  rate_limit_login_identifier: v.optional(limitSchema),
  password_compliancy: v.looseObject({
    min_length: v.optional(v.number(), 0),
    max_length: v.optional(v.number(), 0),
    uppercase: atLeast,
    lowercase: atLeast,
    numbers: atLeast,
    symbols: atLeast,
  }),
});
/**
 * Prelude: the configuration of password login in the service's field names. `ttl` is in nanoseconds; a `max_length` of 0 is none; the
 * kinds of characters are counts. All is needed when it is written.
 */
export type PasswordLogin = v.InferOutput<typeof passwordLoginSchema>;

export interface LoginManagement {
  /** The configurations of OTP login. */
  otpLogins(): Promise<OtpLogin[]>;
  /** Adds one; a new default takes the place of its channel's former one. */
  addOtpLogin(body: OtpLoginBody): Promise<OtpLogin>;
  /** Replaces one. Throws UsageError LOGIN_CONFIG_UNKNOWN. */
  replaceOtpLogin(id: string, body: OtpLoginBody): Promise<OtpLogin>;
  /** Removes one. False when there was none with this id. Throws RefusedError NOT_OFFERED. */
  removeOtpLogin(id: string): Promise<boolean>;
  /** The configuration of password login; undefined when there is none. Throws RefusedError NOT_OFFERED. */
  passwordLogin(): Promise<PasswordLogin | undefined>;
  /** Makes it, or replaces the whole when `there` says that there is one. Throws RefusedError NOT_OFFERED. */
  writePasswordLogin(login: PasswordLogin, there: boolean): Promise<void>;
}

const OTP = '/config/login/otp';
const PASSWORD = '/config/login/password';

/** Builds the part of the management API that is about logins. Every call throws as those of `Management` do. */
export function createLoginManagement({
  call,
  callMaybe,
  confirmApplication,
  unknownApplication,
}: ManagementCaller): LoginManagement {
  const path = (id: string): string => `${OTP}/${encodeURIComponent(id)}`;
  const written = v.object({ login_config: otpLoginSchema });

  return {
    async otpLogins() {
      const { json, refusal } = await call('GET', OTP);
      if (refusal?.status === 404) {
        await confirmApplication();
        return [];
      }
      if (refusal) throw refusalError(refusal);
      return parseAnswer(v.object({ login_configs: v.array(otpLoginSchema) }), json, 'GET config/login/otp')
        .login_configs;
    },
    async addOtpLogin(body) {
      const { json, refusal } = await call('POST', OTP, body);
      if (refusal?.status === 404) throw unknownApplication(refusal);
      if (refusal) throw refusalError(refusal);
      return parseAnswer(written, json, 'POST config/login/otp').login_config;
    },
    async replaceOtpLogin(id, body) {
      const { json, refusal } = await call('PUT', path(id), body);
      if (refusal?.status === 404) {
        await confirmApplication();
        throw unknownLogin(id, refusal);
      }
      if (refusal) throw refusalError(refusal);
      const parsed = v.safeParse(written, json);
      // Prelude says no more of this answer than its status.
      return parsed.success ? parsed.output.login_config : { ...body, id };
    },
    async removeOtpLogin(id) {
      const { refusal } = await callMaybe('DELETE', path(id), 'to remove a login configuration');
      if (refusal?.status === 404) await confirmApplication();
      else if (refusal) throw refusalError(refusal);
      return refusal === undefined;
    },
    async passwordLogin() {
      const { json, refusal } = await callMaybe('GET', PASSWORD, 'to show its configuration of password login');
      if (refusal?.status === 404) {
        await confirmApplication();
        return undefined;
      }
      if (refusal) throw refusalError(refusal);
      return parseAnswer(passwordAnswer, json, 'GET config/login/password');
    },
    async writePasswordLogin(login, there) {
      const what = 'to change its configuration of password login';
      const { refusal } = await callMaybe(there ? 'PUT' : 'POST', PASSWORD, what, login);
      if (refusal?.status === 404) {
        await confirmApplication();
        throw refusalError(refusal);
      }
      if (refusal) throw refusalError(refusal);
    },
  };
}

/** Prelude documents no answer of the password's configuration: it is read bare, and within the envelopes of its siblings. */
const passwordAnswer = v.pipe(
  v.union([
    v.object({ config: passwordLoginSchema }),
    v.object({ login_config: passwordLoginSchema }),
    passwordLoginSchema,
  ]),
  v.transform((answer): PasswordLogin => {
    if ('config' in answer) return answer.config as PasswordLogin;
    return 'login_config' in answer ? (answer.login_config as PasswordLogin) : answer;
  }),
);

/** UsageError LOGIN_CONFIG_UNKNOWN. */
export function unknownLogin(id: string, refusal?: Refusal): UsageError {
  return new UsageError('LOGIN_CONFIG_UNKNOWN', `The application has no login configuration ${id}.`, {
    field: 'id',
    hint: 'See them with: stepup login-config list',
    status: refusal?.status,
    serviceCode: refusal?.code,
    requestId: refusal?.requestId,
  });
}

/** Whether an error says that the service lacks a call, so that a caller who can do without goes on. */
export function isNotOffered(error: unknown): error is RefusedError {
  return error instanceof RefusedError && error.code === 'NOT_OFFERED';
}
