/** A call of a step-up hook, as Prelude makes it: its body, its signature, and the way to the hook and back. */
import { constants, sign, type KeyObject } from 'node:crypto';
import { InterruptedError } from '../errors.js';
import { networkFailure } from '../http/failures.js';
import type { System } from '../system.js';
import type { HookAnswer } from './hook-verdict.js';

/** Whom and what a call is about. Prelude: hook request. */
export interface HookCall {
  scope: string;
  userId: string;
  identifiers: { type: 'phone_number' | 'email_address'; value: string }[];
  signals: { userAgent: string; platform: (typeof PLATFORMS)[number]; ip: string };
  /** Absent where none was sent. */
  metadata?: Record<string, string> | undefined;
}

export const PLATFORMS = ['WEB', 'ANDROID', 'IOS'] as const;

/** The key of a signature, and the id under which it is published. */
export interface HookKey {
  kid: string;
  privateKey: KeyObject;
}

/** What goes over the wire. */
export interface HookRequest {
  body: Uint8Array;
  headers: Record<string, string>;
}

/** What came back, after how many milliseconds, and how many bytes of it were read. */
export interface HookExchange {
  answer: HookAnswer;
  ms: number;
  size: number;
}

/** Milliseconds until the whole answer must be there, and bytes that it may have. */
export interface HookLimits {
  timeMs: number;
  bytes: number;
}

/** Prelude: hook signature. The digest has as many bytes. */
export const SALT_LENGTH = 32;
export const SIGNATURE_PREFIX = 'rsassa-pss-sha256=';
const USER_AGENT = 'Prelude-SessionStepUpHook/1.0';

/** The raw body of a call, in the service's field names. */
export function hookBody({ scope, userId, identifiers, signals, metadata }: HookCall): Buffer {
  const { userAgent, platform, ip } = signals;
  return Buffer.from(
    JSON.stringify({
      scope_requested: scope,
      user_id: userId,
      identifiers,
      signals: { user_agent: userAgent, platform, ip },
      ...(metadata === undefined ? {} : { metadata }),
    }),
  );
}

/** The signature of a body: RSASSA-PSS with SHA-256 over the raw bytes, base64url, without a prefix. */
export function signHook(body: Uint8Array, { privateKey }: HookKey, saltLength = SALT_LENGTH): string {
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return sign('sha256', body, { key: privateKey, padding, saltLength }).toString('base64url');
}

/** A call with the given headers of the signature; undefined leaves one out. */
export function hookRequest(body: Uint8Array, signature: string | undefined, kid: string | undefined): HookRequest {
  return {
    body,
    headers: {
      'Content-Type': 'application/json',
      'User-Agent': USER_AGENT,
      ...(signature === undefined ? {} : { 'X-Webhook-Signature': signature }),
      ...(kid === undefined ? {} : { 'X-Webhook-Signature-Key-Id': kid }),
    },
  };
}

/** A call that is signed as Prelude signs it. */
export function signedRequest(call: HookCall, key: HookKey): HookRequest {
  const body = hookBody(call);
  return hookRequest(body, `${SIGNATURE_PREFIX}${signHook(body, key)}`, key.kid);
}

/**
 * Posts a call; a redirect is not followed, and nothing is sent twice. Never throws for what the hook does. Throws InterruptedError.
 */
export async function postHook(
  { fetch, now, sleep, signal }: Pick<System, 'fetch' | 'now' | 'sleep' | 'signal'>,
  url: string,
  { body, headers }: HookRequest,
  limits: HookLimits,
): Promise<HookExchange> {
  if (signal.aborted) throw new InterruptedError();
  const stop = new AbortController();
  const timer = new AbortController();
  const interrupt = (): void => stop.abort();
  signal.addEventListener('abort', interrupt, { once: true });
  let late = false;
  const limit = (): void => {
    late = true;
    stop.abort();
  };
  // The rejection says only that the timer was stopped.
  void sleep(limits.timeMs, timer.signal).then(limit, () => undefined);
  const startedAt = now();
  const after = (answer: HookAnswer, size = 0): HookExchange => ({ answer, ms: now() - startedAt, size });
  try {
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: stop.signal });
    return await readWithin(response, limits.bytes, after);
  } catch (error) {
    if (signal.aborted) throw new InterruptedError();
    if (late) return after({ outcome: 'failed', words: `no whole answer within ${limits.timeMs / 1000} s` });
    const { message, hint } = networkFailure(error, new URL(url).host, limits.timeMs);
    return after({ outcome: 'failed', words: message.replace(/\.$/, ''), hint });
  } finally {
    timer.abort();
    signal.removeEventListener('abort', interrupt);
  }
}

async function readWithin(
  { status, headers, body }: Response,
  limit: number,
  after: (answer: HookAnswer, size: number) => HookExchange,
): Promise<HookExchange> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (size > limit) return after({ outcome: 'too_large', status }, size);
    chunks.push(chunk);
  }
  const contentType = headers.get('content-type') ?? '';
  return after({ outcome: 'answered', status, contentType, body: Buffer.concat(chunks) }, size);
}
