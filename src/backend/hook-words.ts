/** A hook's answer in words. */
import type { HookFault, HookReading } from './hook-verdict.js';

/** A verdict, or the reason of `step_up.hook_failed` with what is wrong. */
export function readingInWords(reading: HookReading): string {
  if (!reading.ok) return faultInWords(reading.faults[0]);
  const { status, steps, grantMode, grantedFor } = reading.verdict;
  if (status === 'block') return 'block';
  const by = steps.length === 0 ? '' : ` by ${steps.map(({ key }) => key).join(', ')}`;
  return `${status}${by}, granted ${grantMode} for ${grantedFor} s`;
}

/** `invalid_granted_for: expected …, got …`. */
export function faultInWords({ reason, expected, got }: HookFault): string {
  return `${reason}: expected ${expected}, got ${got}`;
}

/** Milliseconds in words: `12 ms`, `4.2 s`. */
export function msInWords(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
