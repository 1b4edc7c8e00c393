/** What `stepup explain` knows around what it is given: the service, its keys and its clock, the session and challenges of the store. */
import type { JWK } from 'jose';
import * as v from 'valibot';
import { RefusedError, UnreachableError, UsageError } from '../errors.js';
import type { FoundKeys, World } from '../explain/world.js';
import { hostOf } from '../providers/target.js';
import { isLoopback } from './addresses.js';
import type { Context } from './context.js';
import { readInput } from './secrets.js';
import type { ResolvedTarget } from './target.js';
import { publishedIssuer } from './token-issuer.js';

export interface Given extends Pick<World, 'at' | 'method' | 'url' | 'scopes'> {
  /** Address or file of a key set: that of the developer's backend for a verification token, of the service for all else. */
  jwks?: string | undefined;
  issuer?: string | undefined;
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
export async function explainWorld(context: Context, { jwks, issuer, ...said }: Given): Promise<World> {
  const given = jwks === undefined ? undefined : await givenKeys(context, jwks);
  const target = await targetOf(context);
  const published = target ? await publishedKeys(context, target) : undefined;
  const { keys: ofService = NO_APPLICATION, issuers, offsetSeconds } = published ?? {};
  const provider = target && (await context.provider());
  const session = await provider?.session();
  return {
    ...said,
    now: context.system.now(),
    offsetSeconds,
    provider: target?.provider,
    issuers: issuer === undefined ? issuers : [issuer],
    audience: target?.provider === 'dynamic' ? target.origin : undefined,
    session,
    challenges: session && provider ? await provider.challenges() : [],
    async keys(owner) {
      if (given) return given;
      if (owner === 'developer') return NO_BACKEND;
      if (owner === 'tokens' || target?.provider !== 'prelude') return ofService;
      return asProblem(() =>
        fetchedKeys(context, `${target.frontendUrl.replace(/\/+$/, '')}/.well-known/step-up-jwks.json`),
      );
    },
  };
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

async function givenKeys(context: Context, where: string): Promise<FoundKeys> {
  if (!/^https?:\/\//i.test(where)) {
    return { keys: keysIn(jsonOf(await readInput(context.system, where, '--jwks')), where), from: where };
  }
  if (!URL.canParse(where)) throw new UsageError('URL_INVALID', '--jwks is no address.', { field: '--jwks' });
  return asProblem(() => fetchedKeys(context, where));
}

async function fetchedKeys(context: Context, url: string): Promise<FoundKeys> {
  const { status, json } = await (await context.http()).send({ method: 'GET', url });
  if (status < 400) return { keys: keysIn(json, url), from: url };
  return { problem: `${url} answered with status ${status} instead of a key set` };
}

function keysIn(json: unknown, where: string): JWK[] {
  const set = v.safeParse(keySetSchema, json);
  if (set.success) return set.output.keys;
  throw new UsageError('DOCUMENT_INVALID', `--jwks: ${where} is no JSON Web Key Set.`, {
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
