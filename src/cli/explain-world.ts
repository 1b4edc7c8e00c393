/** What `stepup explain` knows around what it is given: the service, its keys and its clock, the session and challenges of the store. */
import type { JWK } from 'jose';
import * as v from 'valibot';
import { bareIssuer, isLoopback } from '../address.js';
import { RefusedError, UnreachableError, UsageError } from '../errors.js';
import type { FoundKeys, World } from '../explain/world.js';
import { clockOffset } from '../http/dpop.js';
import { hostOf } from '../providers/target.js';
import type { Context } from './context.js';
import { readInput } from './secrets.js';
import type { ResolvedTarget } from '../target/target.js';
import { publishedIssuer } from './token-issuer.js';

export interface Given extends Pick<World, 'at' | 'method' | 'url' | 'scopes'> {
  /** Address or file of a key set: that of the developer's backend for a verification token, of the service for all else. */
  jwks?: string | undefined;
  issuer?: string | undefined;
  /** Whether it is a token of the developer's backend: those the service judges, whoever publishes their keys. */
  isOfBackend?: boolean | undefined;
}

/** What a key set was answered with. */
interface Answered {
  keys: FoundKeys;
  /** By how much the clock of whoever answered is ahead, where it has said. */
  offsetSeconds?: number | undefined;
}

const keySetSchema = v.object({ keys: v.array(v.looseObject({ kty: v.string() })) });

/** Where no application is set up and none was named. */
const NO_APPLICATION: FoundKeys = {
  problem: 'no application is set up',
  hint: 'Name one with --profile or --emulator, or its key set with --jwks.',
};

/**
 * Reads what there is. The key set of the service is asked for once, and is missing where the service cannot be had. Throws UsageError
 * DOCUMENT_INVALID, FILE_UNREADABLE and URL_INVALID for `--jwks`, and what naming the application throws where one was named.
 */
export async function explainWorld(context: Context, { jwks, issuer, isOfBackend, ...said }: Given): Promise<World> {
  const given = jwks === undefined ? undefined : await givenKeys(context, jwks);
  const target = await targetOf(context);
  const published = target ? await publishedKeys(context, target) : undefined;
  const { keys: ofService = NO_APPLICATION, issuers } = published ?? {};
  const provider = target && (await context.provider());
  const session = await provider?.session();
  return {
    ...said,
    now: context.system.now(),
    offsetSeconds: isOfBackend ? published?.offsetSeconds : offsetOf({ jwks, issuer }, given, published),
    provider: target?.provider,
    issuers: issuer === undefined ? issuers : [issuer],
    audience: target?.provider === 'dynamic' ? target.origin : undefined,
    session,
    challenges: session && provider ? await provider.challenges() : [],
    async keys(owner) {
      if (given) return given.keys;
      if (owner === 'developer') return NO_BACKEND;
      if (owner === 'tokens' || target?.provider !== 'prelude') return ofService;
      const url = `${target.frontendUrl.replace(/\/+$/, '')}/.well-known/step-up-jwks.json`;
      return (await fetchedKeys(context, url)).keys;
    },
  };
}

/** The clock of the issuer that is meant: of whoever answers with the keys, else of the service that is used, if it is of that one. */
function offsetOf(
  { jwks, issuer }: Pick<Given, 'jwks' | 'issuer'>,
  given: Answered | undefined,
  published: { issuers?: string[] | undefined; offsetSeconds?: number | undefined } | undefined,
): number | undefined {
  if (jwks !== undefined && isAddress(jwks)) return given?.offsetSeconds;
  const isOther = jwks !== undefined && issuer !== undefined && !published?.issuers?.includes(bareIssuer(issuer));
  return isOther ? undefined : published?.offsetSeconds;
}

const NO_BACKEND: FoundKeys = {
  problem: 'the key set of your backend is not known',
  hint: 'Give it with --jwks URL or --jwks FILE; stepup keys jwks prints that of a key of this store.',
};

/** The application, where one is set up. One that was named and is not there is a mistake. */
async function targetOf(context: Context): Promise<ResolvedTarget | undefined> {
  try {
    return await context.target();
  } catch (error) {
    const { profile, emulator, app, domain, environment, apiUrl, provider } = context.globals;
    const named = [profile, emulator, app, domain, environment, apiUrl, provider].some((flag) => flag !== undefined);
    if (!named && error instanceof UsageError && error.code === 'PROFILE_UNKNOWN') return undefined;
    throw error;
  }
}

async function publishedKeys(
  context: Context,
  target: ResolvedTarget,
): Promise<{ keys: FoundKeys; issuers?: string[] | undefined; offsetSeconds?: number | undefined }> {
  const keys = await asProblem(() => publishedIssuer(context));
  if ('problem' in keys) {
    // On this machine a service may be called by several names, of which it has said none.
    const isKnown = target.provider === 'prelude' && !isLoopback(new URL(target.frontendUrl).hostname);
    return { keys, issuers: isKnown ? [hostOf(target.frontendUrl)] : undefined };
  }
  return {
    keys: { keys: keys.keys, from: keys.jwksUrl },
    issuers: keys.issuers,
    offsetSeconds: Math.round((keys.now - context.system.now()) / 1000),
  };
}

/** A service that cannot be had is no reason to say nothing: what it would be needed for is left open. */
async function asProblem<T>(read: () => Promise<T>): Promise<T | { problem: string; hint?: string | undefined }> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof UnreachableError || error instanceof RefusedError)) throw error;
    return { problem: error.message.replace(/\.$/, ''), hint: 'Give its key set with --jwks FILE.' };
  }
}

async function givenKeys(context: Context, where: string): Promise<Answered> {
  if (!isAddress(where)) {
    const keys = keysIn(jsonOf(await readInput(context.system, where, '--jwks')));
    if (!keys) throw noKeySet(where);
    return { keys: { keys, from: where } };
  }
  if (!URL.canParse(where)) throw new UsageError('URL_INVALID', '--jwks is no address.', { field: '--jwks' });
  const answered = await fetchedKeys(context, where);
  if (answered.isOther) throw noKeySet(where);
  return answered;
}

function isAddress(where: string): boolean {
  return /^https?:\/\//i.test(where);
}

/** `isOther`: the answer is one of success, and no key set. */
async function fetchedKeys(context: Context, url: string): Promise<Answered & { isOther?: boolean }> {
  const answer = await asProblem(async () => (await context.http()).send({ method: 'GET', url }));
  if ('problem' in answer) return { keys: answer };
  const { status, json, headers } = answer;
  const offset = clockOffset(headers.get('date'), context.system.now());
  // What a cache answers has the time at which it was made (RFC 9111 §5.1).
  const age = Number(/^\d{1,9}$/.exec(headers.get('age') ?? '')?.[0] ?? 0);
  const offsetSeconds = offset === undefined ? undefined : offset + age;
  if (status >= 400) {
    return { keys: { problem: `${url} answered with status ${status} instead of a key set` }, offsetSeconds };
  }
  const keys = keysIn(json);
  if (keys) return { keys: { keys, from: url }, offsetSeconds };
  return { keys: { problem: `what ${url} answered is no key set` }, offsetSeconds, isOther: true };
}

function keysIn(json: unknown): JWK[] | undefined {
  const set = v.safeParse(keySetSchema, json);
  return set.success ? set.output.keys : undefined;
}

function noKeySet(where: string): UsageError {
  return new UsageError('DOCUMENT_INVALID', `--jwks: ${where} is no JSON Web Key Set.`, {
    field: '--jwks',
    hint: 'It is {"keys":[…]}, as stepup keys jwks prints it.',
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // said by whoever reads the set
  }
}
