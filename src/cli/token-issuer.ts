/** The issuer of the tokens of the application that is spoken to, and the keys that it publishes. */
import type { JWK } from 'jose';
import * as v from 'valibot';
import { isLoopback } from '../address.js';
import { RefusedError } from '../errors.js';
import { clockOffset } from '../http/dpop.js';
import { hostOf } from '../providers/target.js';
import { parseAnswer } from '../providers/parse.js';
import type { TokenIssuer } from '../resource/token-check.js';
import type { Context } from './context.js';
import type { ResolvedTarget } from '../target/target.js';

export interface PublishedIssuer extends TokenIssuer {
  jwksUrl: string;
  /** Milliseconds since the epoch by the service's clock, as far as its answer tells. */
  now: number;
}

/** The host of Dynamic's tokens, whatever its API is called by (Dynamic: tokens). */
const DYNAMIC_HOST = 'app.dynamic.xyz';

const keySet = v.object({ keys: v.array(v.looseObject({ kid: v.optional(v.string()) })) });
const metadata = v.object({ issuer: v.string() });

/**
 * Reads the service's key set now. Throws UnreachableError, RefusedError APPLICATION_UNKNOWN, and what naming the application throws.
 */
export async function publishedIssuer(context: Context): Promise<PublishedIssuer> {
  const target = await context.target();
  const http = await context.http();
  const { now } = context.system;
  const jwksUrl = `${baseOf(target)}/.well-known/${target.provider === 'prelude' ? 'jwks.json' : 'jwks'}`;
  const answer = await http.send({ method: 'GET', url: jwksUrl });
  const { status } = answer;
  if (status >= 400) {
    throw new RefusedError('APPLICATION_UNKNOWN', `There is no key set at ${jwksUrl} (status ${status}).`, { status });
  }
  const { keys } = parseAnswer(keySet, answer.json, 'its key set');
  const offset = clockOffset(answer.headers.get('date'), now()) ?? 0;
  return {
    jwksUrl,
    keys: keys as JWK[],
    issuers: await issuersOf(context, target),
    // One second is rounding.
    now: now() + (Math.abs(offset) > 1 ? offset * 1000 : 0),
  };
}

function baseOf(target: ResolvedTarget): string {
  return target.provider === 'prelude'
    ? target.frontendUrl.replace(/\/+$/, '')
    : `${target.apiUrl}/sdk/${target.environmentId}`;
}

/** Prelude: the host that the application is reached by; an emulator says which of its two it means (RFC 8414 §3). */
async function issuersOf(context: Context, target: ResolvedTarget): Promise<string[]> {
  if (target.provider === 'dynamic') {
    const { host } = new URL(target.apiUrl);
    const path = new URL(target.apiUrl).pathname.replace(/\/api\/v0$/, '');
    const own = `${host}${path}/${target.environmentId}`;
    return host.endsWith('.dynamicauth.com') ? [`${DYNAMIC_HOST}/${target.environmentId}`, own] : [own];
  }
  const own = hostOf(target.frontendUrl);
  if (target.emulatorUrl === undefined && !isLoopback(new URL(target.frontendUrl).hostname)) return [own];
  const http = await context.http();
  const { status, json } = await http.send({
    method: 'GET',
    url: `${baseOf(target)}/.well-known/oauth-authorization-server`,
  });
  const said = status < 300 ? v.safeParse(metadata, json) : undefined;
  const named = said?.success ? said.output.issuer.replace(/^https?:\/\//, '') : own;
  return [...new Set([named, own])];
}
