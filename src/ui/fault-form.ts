/** What the form of a new fault says, as the control API takes it. */
import { parseDuration } from '../durations.js';

/** Kinds of faults in the order of the form's list; the unit or kind of value that each takes. */
export const KINDS = {
  status: { label: 'answer with a status', value: 'Status, 400 to 599', sample: '500' },
  latencyMs: { label: 'wait before the work', value: 'How long', sample: '2s' },
  dropBefore: { label: 'drop the connection, nothing done', value: '', sample: '' },
  dropAfter: { label: 'do the work, drop the answer', value: '', sample: '' },
  truncate: { label: 'cut the answer short', value: 'Bytes that are sent', sample: '20' },
  skewDateSeconds: { label: 'set the Date header off', value: 'By how long', sample: '5m' },
  requireNonce: { label: 'demand a DPoP nonce', value: '', sample: '' },
  rotateKey: { label: 'rotate the signing key', value: '', sample: '' },
  hookTimeout: { label: "let the hook's answer come too late", value: '', sample: '' },
} as const;
export type Kind = keyof typeof KINDS;

/** The form's fields as they are typed; empty ones are left out. */
export interface FaultForm {
  kind: Kind;
  value: string;
  method: string;
  path: string;
  identity: string;
  times: string;
  everyNth: string;
}

/** The body of `POST /faults`. Numbers that are none go as they were typed: the emulator says what is wrong. Throws UsageError for a span. */
export function faultOf({ kind, value, method, path, identity, times, everyNth }: FaultForm): Record<string, unknown> {
  const match = { ...given('method', method), ...given('path', path), ...given('identity', identity) };
  const often = { ...given('times', times, numberIn), ...given('everyNth', everyNth, numberIn) };
  return { ...(Object.keys(match).length > 0 ? { match } : {}), ...often, do: actionOf(kind, value) };
}

function actionOf(kind: Kind, value: string): Record<string, unknown> {
  switch (kind) {
    case 'status':
    case 'truncate':
      return { [kind]: numberIn(value) };
    case 'latencyMs':
      return { latencyMs: Math.round(parseDuration(value, 'How long') * 1000) };
    case 'skewDateSeconds':
      return { skewDateSeconds: Math.round(parseDuration(value, 'By how long')) };
    case 'dropBefore':
      return { drop: 'before' };
    case 'dropAfter':
      return { drop: 'after' };
    default:
      return { [kind]: true };
  }
}

function given(name: string, text: string, read: (text: string) => unknown = (same) => same): Record<string, unknown> {
  const trimmed = text.trim();
  return trimmed === '' ? {} : { [name]: read(trimmed) };
}

function numberIn(text: string): unknown {
  const number = Number(text);
  return text.trim() === '' || Number.isNaN(number) ? text : number;
}
