/** What services answer, parsed at the edge. */
import * as v from 'valibot';
import { malformed } from '../http/failures.js';

/** Parses an answer's body. Throws UnreachableError ANSWER_MALFORMED that names `what`, and never quotes the answer. */
export function parseAnswer<Schema extends v.GenericSchema>(
  schema: Schema,
  json: unknown,
  what: string,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return parsed.output;
  const path = v.getDotPath(parsed.issues[0]);
  throw malformed(`The service's answer to ${what} is not what it promises${path ? ` (at "${path}")` : ''}.`);
}

/**
 * The claims of a JWT that a service sent, decoded and not verified: what it signed for us is not ours to doubt. Throws UnreachableError
 * ANSWER_MALFORMED that names `what`.
 */
export function readToken<Schema extends v.GenericSchema>(
  schema: Schema,
  token: string,
  what: string,
): v.InferOutput<Schema> {
  const [header, payload, signature, ...rest] = token.split('.');
  const whole = header && payload && signature && rest.length === 0;
  const parsed = whole ? v.safeParse(schema, claimsIn(payload)) : undefined;
  if (parsed?.success) return parsed.output;
  throw malformed(`The service sent ${what} that cannot be read.`);
}

function claimsIn(segment: string): unknown {
  try {
    return JSON.parse(Buffer.from(segment, 'base64url').toString('utf8'));
  } catch {
    return undefined; // no claims: the schema refuses it
  }
}
