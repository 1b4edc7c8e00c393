/** A service's no, whichever service it is. */
import { UsageError } from '../errors.js';

/** The service's no, as it came over the wire. */
export interface Refusal {
  status: number;
  /** The service's code; undefined when it gave none. */
  code?: string | undefined;
  /** The service's words, made safe to show. */
  message?: string | undefined;
  requestId?: string | undefined;
}

/** UsageError CHALLENGE_UNKNOWN. */
export function challengeUnknown(challengeId: string): UsageError {
  return new UsageError('CHALLENGE_UNKNOWN', `No open challenge has the id ${challengeId}.`, {
    field: '--challenge',
    hint: 'See the open ones with: stepup challenge list',
  });
}

/** One line without control characters, of at most 200 characters. */
export function words(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
