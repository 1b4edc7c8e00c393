/** What an environment's settings say. */
import { parseAnswer } from '../parse.js';
import { RefusedError } from '../../errors.js';
import type { Api } from './api.js';
import { captchaRequired, refusalError } from './errors.js';
import type { Environment } from './provider.js';
import { settingsSchema, type WireSettings } from './wire.js';

/** The first API version under which the service demands elevated tokens. */
const ENFORCING = '2026_04_01';

const UNIT_SECONDS: Record<string, number> = { minutes: 60, hours: 3600, days: 86_400 };

/** Names of the ways to sign in, where the service's own is another. */
const SIGN_IN: Record<string, string> = { emailOnly: 'email', sms: 'sms', passkey: 'passkey' };

/** Reads the settings. Throws RefusedError APPLICATION_UNKNOWN for an environment that the service does not know. */
export async function readEnvironment(api: Api, environmentId: string, sessionKey?: string): Promise<Environment> {
  const answer = await api.call({ method: 'GET', path: '/settings?sdkVersion=ClientSDK%2F1.27.1', sessionKey });
  if (answer.refusal) {
    const { status, code, requestId } = answer.refusal;
    if (status !== 404 && status !== 400) throw refusalError(answer.refusal);
    throw new RefusedError('APPLICATION_UNKNOWN', `${api.host} knows no environment ${environmentId}.`, {
      hint: 'Take its id from the SDK page of the dashboard, and check it with: stepup profile show',
      status,
      serviceCode: code,
      requestId,
    });
  }
  return environmentOf(parseAnswer(settingsSchema, answer.json, '/settings'), environmentId);
}

/** Throws RefusedError CAPTCHA_REQUIRED where no code is sent without one. */
export function refuseCaptcha({ captcha }: Environment): void {
  if (captcha !== undefined) throw captchaRequired();
}

/** Throws RefusedError COOKIE_MODE where tokens would never reach a terminal. */
export function refuseCookies({ cookieMode }: Environment): void {
  if (cookieMode) throw cookiesOnly();
}

/** RefusedError COOKIE_MODE. */
export function cookiesOnly(): RefusedError {
  return new RefusedError(
    'COOKIE_MODE',
    'The environment hands out its tokens in cookies of its own domain, which a terminal cannot have.',
    {
      hint: 'Use an environment that keeps tokens in local storage (security settings in the dashboard), such as its sandbox.',
    },
  );
}

function environmentOf(
  { environmentName, general, chains, providers, sdk, security }: WireSettings,
  id: string,
): Environment {
  const { auth, externalAuth, jwtDuration, mfa } = security ?? {};
  const captcha = [security?.captcha, security?.hCaptcha].find((each) => each?.enabled === true);
  const unit = jwtDuration && UNIT_SECONDS[jwtDuration.unit];
  return {
    environmentId: id,
    displayName: general?.displayName ?? undefined,
    name: environmentName ?? undefined,
    minApiVersion: sdk?.minApiVersion ?? undefined,
    stepUpEnforced: (sdk?.minApiVersion ?? '') >= ENFORCING,
    signIn: [
      ...new Set([
        ...(providers ?? []).flatMap(({ provider }) => (provider ? [SIGN_IN[provider] ?? provider] : [])),
        ...((chains ?? []).some(({ enabled }) => enabled === true) ? ['wallet'] : []),
        ...(externalAuth?.enabled ? ['jwt'] : []),
      ]),
    ],
    mfa: {
      enabled: mfa?.enabled ?? false,
      required: mfa?.required ?? false,
      methods:
        mfa?.availableMethods ?? (mfa?.methods ?? []).flatMap(({ type, enabled }) => (type && enabled ? [type] : [])),
    },
    actions: (mfa?.actions ?? []).map(({ action, required, tokenBehavior, tokenExpirySeconds }) => ({
      action,
      required: required ?? false,
      singleUse: tokenBehavior === undefined || tokenBehavior === null ? undefined : tokenBehavior === 'single_use',
      expirySeconds: tokenExpirySeconds ?? undefined,
    })),
    captcha: captcha ? (captcha.provider ?? 'captcha') : undefined,
    cookieMode: (auth?.storage ?? []).includes('cookie') || Boolean(externalAuth?.cookieName),
    locked: security?.environmentLocked ?? false,
    deviceRegistration: security?.deviceRegistrationRequired ?? false,
    sessionSeconds: jwtDuration && unit ? jwtDuration.amount * unit : undefined,
  };
}
