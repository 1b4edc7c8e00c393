/** Events, faults and times in words for the page. */
import type { Event, Fault } from './wire.js';

/** How an event is to be seen: what was refused or failed is `bad`. */
export type Tone = 'plain' | 'good' | 'bad';

/** The part of the day of an instant, in this machine's own zone: `09:41:07`. */
export function clockTime(instant: string | number): string {
  return new Date(instant).toLocaleTimeString('en-GB');
}

/** One event in a line. */
export function summaryOf(event: Event): string {
  const field = (name: string): string => textOf(event[name]);
  switch (event.type) {
    case 'request':
      return words(
        `${field('method')} ${field('path')}`,
        event['status'] === null ? 'dropped' : field('status'),
        event['refusal'] && `· ${field('refusal')}`,
        event['fault'] && `· fault ${field('fault')}`,
      );
    case 'refusal':
      return words(`${field('method')} ${field('path')}`, event['code'] && field('code'), `· ${field('reason')}`);
    case 'message':
      return words(
        `${field('channel')} to ${field('to')}`,
        `(${field('purpose')})`,
        event['suppressed'] && '· suppressed',
      );
    case 'message-late':
      return `${field('channel')} to ${field('to')} (${field('purpose')}) comes ${field('seconds')} s late`;
    case 'hook':
      return words(
        `${field('url')} for ${field('scope')}:`,
        event['verdict'] === null ? `failed · ${field('words')}` : field('verdict'),
        `· ${field('ms')} ms`,
      );
    case 'challenge':
      return words(field('scope'), field('transition'), event['step'] && `· now ${field('step')}`);
    case 'token': {
      const { sub, scope } = (event['claims'] ?? {}) as Record<string, unknown>;
      return words(`${field('kind')} token`, sub && `for ${textOf(sub)}`, scope && `· ${textOf(scope)}`);
    }
    case 'session':
      return words(`${field('sessionId')} ${field('change')}`, event['reason'] && `· ${field('reason')}`);
    case 'clock':
      return words(`at ${field('ageNow')}`, event['frozen'] === true && '· frozen');
    case 'fault':
      return words(
        field('change'),
        event['fault'] && field('fault'),
        event['path'] && `${field('method')} ${field('path')}`,
        isRecord(event['do']) && `· ${actionInWords(event['do'])}`,
        isRecord(event['match']) && `· ${targetInWords(event)}`,
      );
    default: {
      const { id: _id, type: _type, at: _at, tenant: _tenant, change, ...rest } = event;
      const others = Object.entries(rest).map(([name, value]) => `${name} ${textOf(value)}`);
      return [...(change === undefined ? [] : [textOf(change)]), ...others].join(' · ');
    }
  }
}

/** How it went. */
export function toneOf(event: Event): Tone {
  const { type, status, verdict, transition, reason } = event;
  if (type === 'refusal' || type === 'bug' || type.endsWith('_failed')) return 'bad';
  if (type === 'request') return status === null || Number(status) >= 400 ? 'bad' : 'plain';
  if (type === 'hook') return verdict === null || verdict === 'block' ? 'bad' : 'good';
  if (type === 'challenge') return transition === 'blocked' || transition === 'attempts-exhausted' ? 'bad' : 'good';
  if (type === 'session') return reason === 'refresh token reused' ? 'bad' : 'plain';
  return 'plain';
}

/** Which requests a fault meets, and how often it happens. */
export function faultTarget({ match, times, everyNth }: Fault): string {
  return targetInWords({ match, times, everyNth });
}

function targetInWords({ match, times, everyNth }: Record<string, unknown>): string {
  const { method, path, identity } = isRecord(match) ? match : {};
  return words(
    method === undefined ? 'any method' : textOf(method),
    path === undefined ? 'any path' : textOf(path),
    identity !== undefined && `for ${textOf(identity)}`,
    typeof everyNth === 'number' && everyNth > 1 && `· every ${ordinal(everyNth)}`,
    typeof times === 'number' && `· ${times === 1 ? 'once' : `${times} times`}`,
  );
}

/** What a fault does. */
export function faultAction({ do: action }: Fault): string {
  return actionInWords(action);
}

function actionInWords(action: Record<string, unknown>): string {
  const { status, latencyMs, drop, skewDateSeconds, truncate } = action;
  if (status !== undefined) return `answers ${textOf(status)}`;
  if (latencyMs !== undefined) return `waits ${textOf(latencyMs)} ms`;
  if (drop === 'before') return 'drops the connection, nothing done';
  if (drop === 'after') return 'does the work, drops the answer';
  if (skewDateSeconds !== undefined) return `Date is ${textOf(skewDateSeconds)} s off`;
  if (truncate !== undefined) return `cuts the body after ${textOf(truncate)} bytes`;
  if (action['requireNonce'] !== undefined) return 'demands a DPoP nonce';
  if (action['rotateKey'] !== undefined) return 'rotates the signing key';
  if (action['hookTimeout'] !== undefined) return "lets the hook's answer come too late";
  return textOf(action);
}

/** A value as people read it. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** Bytes as people read them: `812 bytes`, `14 kB`. */
export function sizeInWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

const SUFFIXES: Partial<Record<Intl.LDMLPluralRule, string>> = { one: 'st', two: 'nd', few: 'rd' };
const rules = new Intl.PluralRules('en', { type: 'ordinal' });

function ordinal(number: number): string {
  return `${number}${SUFFIXES[rules.select(number)] ?? 'th'}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function words(...parts: unknown[]): string {
  return parts.filter((part) => typeof part === 'string' && part !== '').join(' ');
}
