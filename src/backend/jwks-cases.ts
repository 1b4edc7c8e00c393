/** What must hold of the keys in a published set. Private parts are named by their key, and never shown. */
import { createPublicKey } from 'node:crypto';
import type { Case } from './case.js';
import { SECRET_MEMBERS } from './key-text.js';
import { bitsOf, MIN_BITS, type PublicJwk } from './keys.js';

/** A member of a set as it came. */
export type FoundKey = Record<string, unknown>;

/** What else the set is held against. */
export interface Wanted {
  /** A `kid` that must be in it. */
  kid?: string | undefined;
  /** A key of ours that must be in it. */
  key?: PublicJwk | undefined;
}

/** The cases of a set that is not empty. RFC 7517; Prelude: JWKS of custom steps. */
export function keyCases(keys: readonly FoundKey[], wanted: Wanted): Case[] {
  return [
    privateParts(keys),
    rsaOnly(keys),
    members(keys),
    distinctKids(keys),
    ...(wanted.kid === undefined ? [] : [hasKid(keys, wanted.kid)]),
    ...(wanted.key === undefined ? [] : [hasOurs(keys, wanted.key)]),
  ];
}

/** The name of the case that must never fail quietly. */
export const NO_PRIVATE_KEY = 'no private key is published';

/** That case where it fails: `where` says what publishes a private key. */
export function published(where: string): Case {
  return {
    name: NO_PRIVATE_KEY,
    holds: false,
    expected: 'public members only',
    got: `A PRIVATE KEY IS PUBLISHED: ${where}`,
    hint: 'Take it down now and make a new key: whoever has read it can sign as your backend. Publish what stepup keys jwks prints.',
  };
}

/** Whether any of these has a private part. */
export function privateParts(keys: readonly FoundKey[]): Case {
  const found = faults(keys, (key) => {
    const secret = SECRET_MEMBERS.filter((member) => key[member] !== undefined);
    return secret.length === 0 ? undefined : `has ${secret.join(', ')}`;
  });
  if (found !== undefined) return published(found);
  return {
    name: NO_PRIVATE_KEY,
    holds: true,
    expected: 'public members only',
    got: 'public members only',
  };
}

function rsaOnly(keys: readonly FoundKey[]): Case {
  const found = faults(keys, problemOfRsa);
  const foreign = keys.some(({ kty }) => kty !== 'RSA');
  return {
    name: `every key is RSA of at least ${MIN_BITS} bits`,
    holds: found === undefined,
    expected: `RSA, ${MIN_BITS} bits or more`,
    got: found ?? count(keys),
    hint: foreign
      ? 'RS256 is the only algorithm that is taken: publish RSA keys only. Make one with: stepup keys create'
      : 'Make a new key and publish that: stepup keys create',
  };
}

function problemOfRsa({ kty, n, e }: FoundKey): string | undefined {
  if (kty !== 'RSA') return `has kty ${shown(kty)}`;
  if (!isBase64url(n) || !isBase64url(e)) return 'has no n and e in base64url';
  try {
    const bits = bitsOf(createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }));
    return bits < MIN_BITS ? `has ${bits} bits` : undefined;
  } catch {
    return 'has an n and e that make no key'; // what the library says adds nothing
  }
}

function members(keys: readonly FoundKey[]): Case {
  const found = faults(keys, ({ kid, use, alg }) => {
    const lacks = [
      typeof kid !== 'string' || kid === '' ? 'no kid' : undefined,
      use === 'sig' ? undefined : `use ${shown(use)}`,
      alg === 'RS256' ? undefined : `alg ${shown(alg)}`,
    ].filter((lack) => lack !== undefined);
    return lacks.length === 0 ? undefined : `has ${lacks.join(', ')}`;
  });
  return {
    name: 'every key has kid, use and alg',
    holds: found === undefined,
    expected: 'a kid, use sig, alg RS256',
    got: found ?? count(keys),
    hint: 'A token is matched with its key by the kid. Publish what stepup keys jwks prints.',
  };
}

function distinctKids(keys: readonly FoundKey[]): Case {
  const kids = keys.map(({ kid }) => kid).filter((kid) => typeof kid === 'string');
  const twice = [...new Set(kids.filter((kid, at) => kids.indexOf(kid) !== at))];
  return {
    name: 'no two keys have one kid',
    holds: twice.length === 0,
    expected: 'each kid once',
    got: twice.length === 0 ? 'each kid once' : `more than once: ${listed(twice.map(shown))}`,
    hint: 'Which of them a token is checked with is chance. Give each key its own kid.',
  };
}

function hasKid(keys: readonly FoundKey[], kid: string): Case {
  const holds = keys.some((key) => key['kid'] === kid);
  return {
    name: 'the wanted kid is published',
    holds,
    expected: shown(kid),
    got: holds ? shown(kid) : listed(keys.map((key) => shown(key['kid']))),
    hint: 'Publish the key before the first token is signed with it.',
  };
}

function hasOurs(keys: readonly FoundKey[], ours: PublicJwk): Case {
  const sameKid = keys.filter(({ kid }) => kid === ours.kid);
  const sameKey = keys.filter(({ n, e }) => n === ours.n && e === ours.e);
  const holds = sameKid.some((key) => sameKey.includes(key));
  const got = holds
    ? 'it is there'
    : sameKey.length > 0
      ? `it is there under another kid: ${shown(sameKey[0]?.['kid'])}`
      : sameKid.length > 0
        ? 'another key has its kid'
        : 'it is not there';
  return {
    name: 'our key is published',
    holds,
    expected: `the public half of ours under ${shown(ours.kid)}`,
    got,
    hint: 'Publish what stepup keys jwks prints for this key.',
  };
}

/** How many faults are named; the rest is counted. */
const MAX_NAMED = 5;

/** The keys that have a problem, each with it; undefined when none has. */
function faults(keys: readonly FoundKey[], problem: (key: FoundKey) => string | undefined): string | undefined {
  const found = keys.flatMap((key, at) => {
    const words = problem(key);
    return words === undefined ? [] : [`${nameOf(key, at)} ${words}`];
  });
  return found.length === 0 ? undefined : listed(found);
}

function listed(parts: readonly string[]): string {
  const more = parts.length - MAX_NAMED;
  return `${parts.slice(0, MAX_NAMED).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

function nameOf({ kid }: FoundKey, at: number): string {
  return typeof kid === 'string' && kid !== '' ? shown(kid) : `key ${at + 1}`;
}

/** A stranger's value, short enough for a table. */
function shown(value: unknown): string {
  if (value === undefined) return '(absent)';
  if (typeof value !== 'string') return '(no string)';
  return value.length > 64 ? `${value.slice(0, 64)}…` : value === '' ? '(empty)' : value;
}

function isBase64url(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]+$/.test(value);
}

function count(keys: readonly FoundKey[]): string {
  return keys.length === 1 ? 'the 1 key does' : `all ${keys.length} keys do`;
}
