/** What a hook's answer means to Prelude: a verdict, or the reason of `step_up.hook_failed` that it causes. */
import { checkSteps } from './hook-steps.js';
import { isSeconds, kindOf, MAX_SECONDS, misspelt, type Fields } from './hook-fields.js';

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

/** Why an answer is no verdict. */
export interface HookFault {
  reason: HookReason;
  /** In words. */
  expected: string;
  got: string;
  hint?: string | undefined;
}

export interface HookStep {
  order: number;
  key: string;
  /** Seconds. */
  expirationDuration: number;
}

export interface HookVerdict {
  status: 'continue' | 'review' | 'block';
  /** Absent with `block`, which grants nothing. */
  grantMode?: GrantMode;
  /** Seconds. Absent with `block`. */
  grantedFor?: number;
  /** In their order. Only `review` has any. */
  steps: HookStep[];
}

export type GrantMode = (typeof GRANT_MODES)[number];

/** What came back from a hook: an answer, one over the size limit, or none. `words` say why there is none. */
export type HookAnswer =
  | { outcome: 'answered'; status: number; contentType: string; body: Uint8Array }
  | { outcome: 'too_large'; status: number }
  | { outcome: 'failed'; words: string; hint?: string | undefined };

/** What is known of the application and of the user that the call was for. */
export interface VerdictContext {
  /** The custom steps of the configuration; undefined when they are not known, so that none is refused. */
  stepKeys?: readonly string[] | undefined;
  identifiers: readonly { type: string }[];
}

export type HookReading =
  /** `customSteps` are those whose key could not be checked against the configuration. */
  | { ok: true; verdict: HookVerdict; customSteps: string[]; advice: string[] }
  /** The first is the reason that is reported; the others would come to light after it. */
  | { ok: false; faults: [HookFault, ...HookFault[]] };

/** Prelude: limits of a hook's answer. */
export const HOOK_LIMITS = { timeMs: 5000, bytes: 64 * 1024 } as const;
const STATUSES = ['continue', 'review', 'block'] as const;
const GRANT_MODES = ['single-use', 'session-bound', 'profile-bound'] as const;

/** Reads a hook's answer as Prelude does: 2xx, JSON, then its fields. Prelude: hook response, hook failures. */
export function readVerdict(answer: HookAnswer, context: VerdictContext): HookReading {
  if (answer.outcome === 'failed') return failed('request_failed', 'an answer', answer.words, answer.hint);
  const { status } = answer;
  if (status < 200 || status > 299) return failed('invalid_status_code', 'status 2xx', String(status), hintFor(status));
  if (answer.outcome === 'too_large') {
    return failed('response_decode_failed', `at most ${HOOK_LIMITS.bytes / 1024} KB`, 'more');
  }
  const { contentType, body } = answer;
  if (body.byteLength === 0) {
    return failed(
      'response_decode_failed',
      'JSON',
      `an empty body (${status})`,
      'Answer 200 with the verdict as JSON.',
    );
  }
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType)) {
    const got = contentType === '' ? 'none' : contentType.slice(0, 80);
    return failed(
      'response_decode_failed',
      'content type application/json',
      got,
      'Set Content-Type: application/json.',
    );
  }
  const json = parseJson(body);
  return json.ok ? readFields(json.value, context) : failed('response_decode_failed', 'JSON in UTF-8', json.words);
}

function readFields(value: unknown, context: VerdictContext): HookReading {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return failed('invalid_response', 'a JSON object', kindOf(value));
  }
  const fields = value as Fields;
  const status = STATUSES.find((one) => one === fields['status']);
  if (!status) {
    return failed(
      'invalid_status',
      `status ${STATUSES.join(', ')}`,
      kindOf(fields['status']),
      misspelt(fields, 'status'),
    );
  }
  if (status === 'block') {
    return { ok: true, verdict: { status, steps: [] }, customSteps: [], advice: blockAdvice(fields) };
  }
  const grantMode = GRANT_MODES.find((one) => one === fields['grant_mode']);
  const faults: HookFault[] = [];
  if (!grantMode) {
    const got = kindOf(fields['grant_mode']);
    const expected = `grant_mode ${GRANT_MODES.join(', ')}`;
    faults.push({ reason: 'invalid_grant_mode', expected, got, hint: misspelt(fields, 'grant_mode') });
  }
  const grantedFor = checkGrantedFor(fields, grantMode ?? 'single-use', faults);
  const checked = status === 'review' ? checkSteps(fields, context) : { steps: [], customSteps: [], faults: [] };
  faults.push(...checked.faults);
  const [first, ...others] = faults;
  if (first || !grantMode) return { ok: false, faults: [first!, ...others] };
  const { steps, customSteps } = checked;
  return { ok: true, verdict: { status, grantMode, grantedFor, steps }, customSteps, advice: [] };
}

function checkGrantedFor(fields: Fields, grantMode: GrantMode, faults: HookFault[]): number {
  const { granted_for: found } = fields;
  const least = grantMode === 'single-use' ? 0 : 1;
  if (isSeconds(found) && found >= least) return found;
  const hint =
    found === 0 ? `A ${grantMode} grant needs a time; only single-use may have 0.` : misspelt(fields, 'granted_for');
  const expected = `granted_for of ${least} to ${MAX_SECONDS} seconds`;
  faults.push({ reason: 'invalid_granted_for', expected, got: kindOf(found), hint });
  return 0;
}

function blockAdvice(fields: Fields): string[] {
  const missing = ['grant_mode', 'granted_for', 'steps'].filter((name) => fields[name] === undefined);
  if (missing.length === 0) return [];
  return [`block without ${missing.join(', ')}: Prelude does not say that they may be left out; send them all.`];
}

function parseJson(body: Uint8Array): { ok: true; value: unknown } | { ok: false; words: string } {
  let text: string;
  try {
    // A byte order mark is no JSON (RFC 8259 §8.1), so it is kept for the parser to refuse.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return { ok: false, words: 'bytes that are no UTF-8' };
  }
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    const page = /^\s*</.test(text) ? 'a web page' : text.startsWith('\ufeff') ? 'a byte order mark' : 'something else';
    return { ok: false, words: page };
  }
}

function hintFor(status: number): string | undefined {
  if (status >= 300 && status < 400) return 'A redirect is not followed: register the address that it leads to.';
  if (status === 401 || status === 403)
    return 'The hook refuses the signature: does it fetch the key set that has our key?';
  return undefined;
}

function failed(reason: HookReason, expected: string, got: string, hint?: string): HookReading {
  return { ok: false, faults: [{ reason, expected, got, hint }] };
}
