/** Which signing key a command means: a name of the store, a file, or standard input. */
import { parsePublicHalf, parseSigningKey, type KeySource } from '../backend/key-text.js';
import { readKeyFile, refuseExposed } from '../backend/key-file.js';
import { createKeyStore } from '../backend/key-store.js';
import { isKid, type PublicJwk, type SigningKey } from '../backend/keys.js';
import { UsageError } from '../errors.js';
import type { Context } from './context.js';
import { readInput } from './secrets.js';

type Parts = Pick<Context, 'store' | 'system'>;

/**
 * The private key that a flag names; without one the only key of the store. Throws UsageError KEY_UNKNOWN, KEY_INVALID, KEY_EXPOSED,
 * FILE_UNREADABLE, FailedError of the store.
 */
export async function signingKey(
  parts: Parts,
  given: string | undefined,
  { field = '--key', kid }: { field?: string; kid?: string | undefined } = {},
): Promise<SigningKey> {
  const kept = await createKeyStore(parts.store).keys();
  if (given === undefined) return onlyOne(kept, field);
  const named = kept.get(given);
  if (named) return kid === undefined ? named : { ...named, kid, jwk: { ...named.jwk, kid } };
  const { text, exposed } = await textOf(parts, given, kept, field);
  const key = parseSigningKey(text, { ...sourceOf(given, field), kid });
  refuseExposed({ exposed }, given, field);
  return key;
}

/**
 * The public halves of the keys that a flag names, or of all in the store. Throws UsageError KEY_UNKNOWN where there is none,
 * KEY_EXISTS when two have one `kid`, and as `signingKey`.
 */
export async function publicKeys(
  parts: Parts,
  given: readonly string[] | undefined,
  field = '--key',
): Promise<PublicJwk[]> {
  const kept = await createKeyStore(parts.store).keys();
  if (given === undefined && kept.size === 0) throw none(field);
  const all: PublicJwk[] = [];
  for (const name of given ?? kept.keys()) {
    const jwk = kept.get(name)?.jwk ?? (await publicHalf(parts, name, kept, field));
    if (all.some((other) => other.kid === jwk.kid && other.n !== jwk.n)) {
      throw new UsageError('KEY_EXISTS', `${field}: two different keys have the kid ${jwk.kid}.`, { field });
    }
    if (!all.some((other) => other.kid === jwk.kid)) all.push(jwk);
  }
  return all;
}

/** The value of a `--kid`. Throws UsageError FLAG_INVALID. */
export function parseKid(text: string | undefined): string | undefined {
  if (text === undefined || isKid(text)) return text;
  throw new UsageError('FLAG_INVALID', '--kid takes 1 to 256 characters without blanks and control characters.', {
    field: '--kid',
  });
}

async function publicHalf(
  parts: Parts,
  given: string,
  kept: Map<string, SigningKey>,
  field: string,
): Promise<PublicJwk> {
  const { text, exposed } = await textOf(parts, given, kept, field);
  const { jwk, isPrivate } = parsePublicHalf(text, sourceOf(given, field));
  if (isPrivate) refuseExposed({ exposed }, given, field);
  return jwk;
}

async function textOf(
  { system }: Parts,
  given: string,
  kept: Map<string, SigningKey>,
  field: string,
): Promise<{ text: string; exposed: boolean }> {
  refuseKeyItself(given, field);
  if (given === '-') return { text: await readInput(system, given, field), exposed: false };
  const file = await readKeyFile(given, field);
  if (file) return file;
  const names = [...kept.keys()].join(', ');
  throw new UsageError('KEY_UNKNOWN', `${field}: there is neither a signing key nor a file "${given}".`, {
    field,
    hint: names === '' ? 'Make a key with: stepup keys create' : `The keys of the store: ${names}`,
  });
}

/** What is a key stands where its file should: it must not come back in an error. */
function refuseKeyItself(given: string, field: string): void {
  if (!/-----BEGIN|^\s*\{/.test(given) && given.length <= 4096) return;
  throw new UsageError('FLAG_INVALID', `${field} takes a name or a file, never the key itself.`, {
    field,
    hint: 'Others can read a command line. Put the key into a file that only you can read.',
  });
}

function onlyOne(kept: Map<string, SigningKey>, field: string): SigningKey {
  const [first, ...more] = kept.values();
  if (!first) throw none(field);
  if (more.length === 0) return first;
  throw new UsageError('KEY_UNKNOWN', `Several signing keys are in the store: ${[...kept.keys()].join(', ')}.`, {
    field,
    hint: `Name the one that you mean with ${field}.`,
  });
}

function none(field: string): UsageError {
  return new UsageError('KEY_UNKNOWN', 'There is no signing key in the store.', {
    field,
    hint: `Make one with: stepup keys create, or name a file with ${field} FILE.`,
  });
}

function sourceOf(given: string, field: string): KeySource {
  return { name: given === '-' ? 'standard input' : given, field };
}
