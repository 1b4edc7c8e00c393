/** The hook to play with, without its listener: a call in, a verdict out. */
import type { PublicJwk } from '../../../backend/keys.js';
import { checkSignature, parseHookCall, type HookCall } from '../../../providers/prelude/hook.js';
import type { Jwks } from '../../../providers/prelude/jwks.js';
import { StepupError } from '../../../errors.js';
import type { Verdict } from '../../verdict.js';

/** What happened to one request that was meant for the hook. */
export type Outcome =
  | { type: 'call'; at: string; call: HookCall; verdict: Verdict }
  | { type: 'refused'; at: string; status: number; reason: string };

export interface HookParts {
  jwks: Pick<Jwks, 'key'>;
  verdict: Verdict;
  /** The public keys of custom steps, to be served as a key set. */
  keys(): Promise<readonly PublicJwk[]>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Gets each outcome, before it is answered. */
  onOutcome(outcome: Outcome): void;
}

/** Larger calls are refused. Bytes. */
const MAX_BODY = 64 * 1024;

/**
 * Answers one request: a POST to any path is a call of the hook; `GET /.well-known/jwks.json` is the key set of
 * custom steps, empty where there is no key, so that a configuration has a real address to name. Prelude: delegation hook.
 */
export async function answer(request: Request, parts: HookParts): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (request.method === 'GET' && pathname === '/.well-known/jwks.json') {
    return keySet(parts);
  }
  if (request.method !== 'POST') {
    return Response.json({ error: 'A hook is called with POST.' }, { status: 405, headers: { Allow: 'POST' } });
  }
  const at = new Date(parts.now()).toISOString();
  const refuse = (status: number, reason: string): Response => {
    parts.onOutcome({ type: 'refused', at, status, reason });
    return Response.json({ error: reason }, { status });
  };
  const body = await readBody(request);
  if (!body) return refuse(413, `the body has more than ${MAX_BODY / 1024} KB`);
  const fault = await signatureFault(parts.jwks, request.headers, body);
  if (fault) return refuse(fault.status, fault.reason);
  const call = parseHookCall(body);
  if (!call) return refuse(400, 'the body is no step-up call');
  parts.onOutcome({ type: 'call', at, call, verdict: parts.verdict });
  return Response.json(parts.verdict);
}

async function keySet({ keys }: Pick<HookParts, 'keys'>): Promise<Response> {
  try {
    return Response.json({ keys: await keys() });
  } catch (error) {
    if (!(error instanceof StepupError)) throw error;
    return Response.json({ error: 'the keys cannot be read' }, { status: 503 });
  }
}

async function signatureFault(
  jwks: HookParts['jwks'],
  headers: Headers,
  body: Uint8Array,
): Promise<{ status: number; reason: string } | undefined> {
  const signature = headers.get('x-webhook-signature') ?? undefined;
  const keyId = headers.get('x-webhook-signature-key-id') ?? undefined;
  try {
    const checked = await checkSignature(jwks, { body, signature, keyId });
    return checked.valid ? undefined : { status: 401, reason: checked.reason };
  } catch (error) {
    if (!(error instanceof StepupError)) throw error;
    return { status: 503, reason: `the application's keys cannot be fetched: ${error.message}` };
  }
}

/** The raw body; undefined when it is over the limit. */
async function readBody(request: Request): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A phone number or address with its middle hidden: enough to recognise, too little to use. */
export function masked(identifier: string): string {
  const [name = '', host] = identifier.split('@');
  if (host !== undefined) return `${name.slice(0, 1)}•••@${host}`;
  return identifier.length > 6 ? `${identifier.slice(0, 3)}•••${identifier.slice(-3)}` : '•••';
}
