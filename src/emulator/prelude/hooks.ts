/** The developer's delegation hook: called with a signature, its verdict checked. */
import * as v from 'valibot';
import type { CallOut, CallResult } from '../callout.js';
import type { Place } from './parts.js';
import { channelOf, isManaged, type GrantMode } from './rules.js';
import { shown } from '../shown.js';
import { STEP_KEY, type Identifier } from './wire.js';

/** Prelude: reasons of the event `step_up.hook_failed`. */
export type HookReason =
  | 'request_failed'
  | 'invalid_status_code'
  | 'response_decode_failed'
  | 'invalid_status'
  | 'missing_steps'
  | 'invalid_granted_for'
  | 'invalid_grant_mode'
  | 'invalid_step'
  | 'invalid_response';

/** What a hook, or a direct entry, says about a request. */
export type Verdict =
  | { status: 'block' }
  | {
      status: 'continue' | 'review';
      grantMode: GrantMode;
      grantedFor: number;
      steps: { order: number; key: string; expiration_duration: number }[];
    };

/** Prelude: the hook's request body. */
export interface HookCall {
  scope_requested: string;
  user_id: string;
  identifiers: Identifier[];
  signals: { user_agent: string; platform: 'WEB' | 'ANDROID' | 'IOS'; ip: string };
  metadata?: Record<string, string>;
}

type Failure = { reason: HookReason; words: string };
type Checked = { verdict: Verdict } | Failure;

const MAX_ANSWER = 64 * 1024;
const MAX_DURATION = 86_400;
const USER_AGENT = 'Prelude-SessionStepUpHook/1.0';

const Duration = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_DURATION));
const GrantModes = v.picklist(['single-use', 'session-bound', 'profile-bound']);
const HookStep = v.object({
  order: v.pipe(v.number(), v.integer()),
  key: v.pipe(v.string(), v.regex(STEP_KEY)),
  expiration_duration: Duration,
});

/**
 * Calls the hook and checks its answer. Emits `hook` with verdict and time and, when it failed, `step_up.hook_failed` with the
 * reason. Undefined means that it failed: nothing may be granted. With `timedOut` the call is made, and its answer is too late.
 */
export async function askHook(
  place: Place,
  address: string,
  call: HookCall,
  stepKeys: string[],
  timedOut = false,
): Promise<Verdict | undefined> {
  const { services, tenant } = place;
  const { hookTimeoutSeconds, signaturePrefix } = await services.settings(tenant.id);
  const body = Buffer.from(JSON.stringify(call));
  const signed = place.tokens.signHook(body);
  const { kid } = signed;
  const signature = signaturePrefix ? `rsassa-pss-sha256=${signed.signature}` : signed.signature;
  const timeoutMs = hookTimeoutSeconds * 1000;
  const started = services.clock.now();
  const result = await send(services.callOut, address, body, {
    timeoutMs,
    kid,
    signature,
  });
  const ms = services.clock.now() - started;
  const checked = timedOut ? late(timeoutMs) : checkAnswer(result, stepKeys, call.identifiers);
  const failed = 'reason' in checked;
  await services.emit(tenant.id, 'hook', {
    url: withoutQuery(address),
    scope: call.scope_requested,
    userId: call.user_id,
    request: call,
    signature: { kid, alg: 'RSASSA-PSS SHA-256', prefixed: signaturePrefix, value: signature },
    status: timedOut || result.outcome === 'failed' ? null : result.status,
    verdict: failed ? null : checked.verdict.status,
    ...(failed ? { reason: checked.reason, words: checked.words } : { answer: checked.verdict }),
    ms,
  });
  if (!failed) return checked.verdict;
  const { reason, words } = checked;
  await services.emit(tenant.id, 'step_up.hook_failed', { user_id: call.user_id, reason, words });
  return undefined;
}

/** A hook whose answer came after its time, as a fault asks for. */
function late(timeoutMs: number): Failure {
  return { reason: 'request_failed', words: `expected an answer within ${timeoutMs} ms, got none in time (a fault)` };
}

function send(
  callOut: CallOut,
  address: string,
  body: Buffer,
  { timeoutMs, kid, signature }: { timeoutMs: number; kid: string; signature: string },
): Promise<CallResult> {
  const headers = {
    'content-type': 'application/json',
    'content-length': String(body.length),
    'user-agent': USER_AGENT,
    'x-webhook-signature': signature,
    'x-webhook-signature-key-id': kid,
  };
  return callOut(address, {
    method: 'POST',
    headers,
    body,
    timeoutMs,
    maxBytes: MAX_ANSWER,
  });
}

/** Checks a hook's answer, in the order of Prelude's reasons. */
function checkAnswer(result: CallResult, stepKeys: string[], identifiers: Identifier[]): Checked {
  if (result.outcome === 'failed') return { reason: 'request_failed', words: result.words };
  if (result.status < 200 || result.status > 299) return fail('invalid_status_code', '2xx', String(result.status));
  if (result.outcome === 'too_large') return fail('response_decode_failed', `at most ${MAX_ANSWER} bytes`, 'more');
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(result.contentType)) {
    return fail('response_decode_failed', 'content type application/json', result.contentType.slice(0, 80) || 'none');
  }
  let answer: unknown;
  try {
    answer = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(result.body));
  } catch {
    return fail('response_decode_failed', 'JSON', 'something else');
  }
  return checkVerdict(answer, stepKeys, identifiers);
}

function checkVerdict(answer: unknown, stepKeys: string[], identifiers: Identifier[]): Checked {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    return fail('invalid_response', 'a JSON object', 'something else');
  }
  const { status, grant_mode, granted_for, steps } = answer as Record<string, unknown>;
  if (status === 'block') return { verdict: { status } };
  if (status !== 'continue' && status !== 'review')
    return fail('invalid_status', 'status continue, review or block', shown(status));
  if (!v.is(GrantModes, grant_mode)) {
    return fail('invalid_grant_mode', 'grant_mode single-use, session-bound or profile-bound', shown(grant_mode));
  }
  const least = grant_mode === 'single-use' ? 0 : 1;
  if (!v.is(Duration, granted_for) || granted_for < least) {
    return fail('invalid_granted_for', `granted_for of ${least} to ${MAX_DURATION} seconds`, shown(granted_for));
  }
  const grant = { grantMode: grant_mode, grantedFor: granted_for };
  if (status === 'continue') return { verdict: { status, ...grant, steps: [] } };
  if (steps === undefined || steps === null || (Array.isArray(steps) && steps.length === 0)) {
    return fail('missing_steps', 'at least one step', 'none');
  }
  if (!v.is(v.array(HookStep), steps))
    return fail('invalid_step', 'steps of order, key and expiration_duration', 'another form');
  const fault = stepsFault(steps, stepKeys, identifiers);
  return fault ? { reason: 'invalid_step', words: fault } : { verdict: { status, ...grant, steps } };
}

/** Why these steps cannot be walked by this user, in words. */
function stepsFault(
  steps: { order: number; key: string }[],
  stepKeys: string[],
  identifiers: Identifier[],
): string | undefined {
  if (new Set(steps.map(({ order }) => order)).size < steps.length)
    return 'steps: expected distinct order, got a repeated one';
  if (new Set(steps.map(({ key }) => key)).size < steps.length)
    return 'steps: expected distinct keys, got a repeated one';
  for (const { key } of steps) {
    if (!isManaged(key) && !stepKeys.includes(key))
      return `step ${key}: expected one of step_keys (${stepKeys.join(', ')}), got another`;
    if (lacksTarget(key, identifiers)) return `step ${key}: expected a user with an identifier for it, got one without`;
  }
  return undefined;
}

/** True for an OTP step whose channel reaches none of the user's identifiers. */
export function lacksTarget(key: string, identifiers: Identifier[]): boolean {
  const channel = channelOf(key);
  return channel !== undefined && targetOf(channel, identifiers) === undefined;
}

/** The user's first identifier that the channel reaches. */
export function targetOf(channel: 'sms' | 'email', identifiers: Identifier[]): Identifier | undefined {
  return identifiers.find(({ type }) => type === (channel === 'sms' ? 'phone_number' : 'email_address'));
}

function fail(reason: HookReason, expected: string, got: string): Failure {
  return { reason, words: `hook's answer: expected ${expected}, got ${got}` };
}

/** A query may hold a secret of the developer's. */
function withoutQuery(address: string): string {
  if (!URL.canParse(address)) return 'no URL';
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname}`;
}
