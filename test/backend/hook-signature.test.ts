import { constants, createHash, sign, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readKeySet } from '../../src/backend/hook-key-set.js';
import { findSignature, type SignatureFinding } from '../../src/backend/hook-signature.js';
import { UsageError } from '../../src/errors.js';
import { keyPair } from '../support/key-pair.js';

const ours = keyPair('rsa', { modulusLength: 2048 });
const other = keyPair('rsa', { modulusLength: 2048 });
const jwk = (key: KeyObject, kid?: string): object => ({
  ...key.export({ format: 'jwk' }),
  ...(kid === undefined ? {} : { kid }),
  use: 'sig',
  alg: 'RS256',
});
const set = { keys: [jwk(other.publicKey, 'old'), jwk(ours.publicKey, 'new')] };
const { keys } = readKeySet(set, 'a test', '--jwks');

/** What Prelude sends, with what JSON libraries differ in. */
const BODY = '{"scope_requested":"a:b","user_id":"usr_1","metadata":{"note":"a/b <é>","amount":"5"}}';

function pss(body: string | Buffer, { key = ours.privateKey, salt = 32, hash = 'sha256' } = {}): Buffer {
  return sign(hash, Buffer.from(body), { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: salt });
}

const check = (signature: string, body: string | Buffer = BODY, keyId: string | undefined = 'new'): SignatureFinding =>
  findSignature({ body: Buffer.from(body), signature, keyId }, keys);

describe('a signature that fits', () => {
  const bytes = pss(BODY);
  test('as the service sends it', () => {
    const signature = `rsassa-pss-sha256=${bytes.toString('base64url')}`;
    expect(check(signature)).toEqual({ valid: true, keyId: 'new', saltLength: 32, notes: [] });
    expect(check(`  ${signature}\n`)).toMatchObject({ valid: true });
  });

  test.each<[string, string, RegExp]>([
    ['without its prefix', bytes.toString('base64url'), /no prefix/],
    ['padded', `rsassa-pss-sha256=${bytes.toString('base64url')}==`, /padded/],
    ['the standard alphabet', `RSASSA-PSS-SHA256=${mixed().toString('base64')}`, /standard alphabet/],
  ])('%s, which is noted', (_, signature, note) => {
    const found = check(signature);
    expect(found).toMatchObject({ valid: true, saltLength: 32 });
    expect(found.valid && found.notes.join(' ')).toMatch(note);
  });

  test.each([0, 1, 20, 31, 33, 64, 222])('a salt of %d bytes', (salt) => {
    expect(check(pss(BODY, { salt }).toString('base64url'))).toMatchObject({ valid: true, saltLength: salt });
  });

  test('without a key id every key is tried', () => {
    const finding = findSignature({ body: Buffer.from(BODY), signature: bytes.toString('base64url') }, keys);
    expect(finding).toMatchObject({ valid: true, keyId: 'new' });
    expect(finding.valid && finding.notes.join(' ')).toMatch('No key id was given');
  });
});

describe('a signature that does not fit', () => {
  test.each<[string, string, RegExp]>([
    ['', 'signature_missing', /empty/],
    ['rsassa-pss-sha256=', 'signature_malformed', /= within|prefix|no base64/],
    ['sha256=abcd', 'signature_malformed', /prefix sha256=/],
    ['%2BAB', 'signature_malformed', /character that no base64 has: %/],
    ['"abcd"', 'signature_malformed', /character that no base64 has: "/],
    ['ab cd', 'signature_malformed', /a blank/],
    ['abcd\nabcd', 'signature_malformed', /a line end/],
    ['ab=cd=', 'signature_malformed', /prefix ab=/],
    ['abcde', 'signature_malformed', /a length that no base64 has/],
    ['abcd', 'signature_malformed', /has 3 bytes, and one of this key has 256/],
    ['x'.repeat(10_000), 'signature_malformed', /10000 characters/],
  ])('%j: %s', (signature, problem, message) => {
    expect(check(signature)).toMatchObject({ valid: false, problem, message: expect.stringMatching(message) });
  });

  test('in hexadecimal, it is said to be right', () => {
    expect(check(pss(BODY).toString('hex'))).toMatchObject({
      problem: 'signature_malformed',
      message: 'The signature is right, but in hexadecimal instead of base64url.',
    });
  });

  test('an unknown key id, the id of another key, and a key of another kind', () => {
    const signature = pss(BODY).toString('base64url');
    const unknown = check(pss('x', { key: other.privateKey }).toString('base64url'), BODY, 'none');
    expect(unknown).toMatchObject({
      problem: 'key_unknown',
      message: 'The set has no key with the id none. It has old, new.',
    });
    expect(check(signature, BODY, 'old')).toMatchObject({
      problem: 'other_key',
      message: 'The signature is of the key new, and not of old, which the call names.',
    });
    expect(check(signature, BODY, 'none')).toMatchObject({ problem: 'other_key' });
    const ec = keyPair('ec', { namedCurve: 'P-256' });
    const unfit = readKeySet({ keys: [jwk(ec.publicKey, 'new')] }, 'a test', '--jwks');
    expect(findSignature({ body: Buffer.from(BODY), signature, keyId: 'new' }, unfit.keys)).toMatchObject({
      problem: 'key_unfit',
      message: 'The key new of the set cannot check it: it is of type EC, and calls are signed with RSA.',
    });
    expect(findSignature({ body: Buffer.from(BODY), signature, keyId: 'new' }, [])).toMatchObject({
      problem: 'key_unknown',
      message: 'The set has no key with the id new. It has no key at all.',
    });
  });

  test.each<[string, Buffer, string]>([
    ['RS256', sign('sha256', Buffer.from(BODY), ours.privateKey), 'RSASSA-PKCS1-v1_5 with SHA-256'],
    ['PS512', pss(BODY, { hash: 'sha512' }), 'RSASSA-PSS with SHA-512'],
    ['RS1', sign('sha1', Buffer.from(BODY), ours.privateKey), 'RSASSA-PKCS1-v1_5 with SHA-1'],
  ])('signed with %s', (_, signature, name) => {
    expect(check(signature.toString('base64url'))).toMatchObject({
      problem: 'other_algorithm',
      message: `The signature is ${name}.`,
    });
  });

  // Left: what was recorded. Right: what was signed.
  test.each<[string, string | Buffer, string | Buffer]>([
    ['without the line end after it', `${BODY}\n`, BODY],
    ['without the line end after it', `${BODY}\r\n`, BODY],
    ['with a line end after it', BODY, `${BODY}\n`],
    ['with a line end (CR LF) after it', BODY, `${BODY}\r\n`],
    ['without the blanks around it', `  ${BODY}  `, BODY],
    ['with LF for its line ends', '{\r\n"a":1}', '{\n"a":1}'],
    ['without the byte order mark', `\ufeff${BODY}`, BODY],
    ['that the body has as base64', Buffer.from(BODY).toString('base64'), BODY],
    ['the SHA-256 digest of the body', BODY, createHash('sha256').update(BODY).digest()],
    ['compact JSON', '{ "b": 1, "a": [1, 2] }', '{"b":1,"a":[1,2]}'],
    ['compact JSON, with its names sorted', '{ "b": 1, "a": {"d": 1, "c": 2} }', '{"a":{"c":2,"d":1},"b":1}'],
    ['indented JSON', '{"a":1}', '{\n  "a": 1\n}'],
    ["(Python's json.dumps)", '{"a":[1,2],"b":"x"}', '{"a": [1, 2], "b": "x"}'],
    ['with letters beyond ASCII escaped', '{"a": "é"}', '{"a":"\\u00e9"}'],
    ['with / escaped', '{"a":"b/c"}', '{"a":"b\\/c"}'],
    ["(Go's encoding/json)", '{"a":"<&>"}', '{"a":"\\u003c\\u0026\\u003e"}'],
    ['the text that the body has as a JSON string', JSON.stringify(BODY), BODY],
  ])('over other bytes: %s', (words, recorded, signed) => {
    expect(check(pss(signed).toString('base64url'), recorded)).toMatchObject({
      valid: false,
      problem: 'other_bytes',
      message: expect.stringContaining(words),
    });
  });

  test('a changed body fits nothing', () => {
    const signature = pss(BODY).toString('base64url');
    expect(check(signature, BODY.replace('"5"', '"50"'))).toMatchObject({ problem: 'no_match' });
    expect(check(signature, '')).toMatchObject({ problem: 'no_match' });
    expect(check(signature, Buffer.from([0xff, 0xfe]))).toMatchObject({ problem: 'no_match' });
  });
});

describe('the key set', () => {
  test.each<unknown>([undefined, null, [], {}, { keys: {} }, { keys: [1] }, { keys: [{ kid: 'a' }] }, '<html>'])(
    '%j is none',
    (json) => {
      expect(() => readKeySet(json, 'jwks.json', '--jwks')).toThrow(UsageError);
    },
  );

  test('what is wrong with it is said loudly, and no private key is shown', () => {
    const leaked = { ...ours.privateKey.export({ format: 'jwk' }), kid: 'a' };
    const { warnings } = readKeySet({ keys: [leaked, jwk(other.publicKey, 'a')] }, 'jwks.json', '--jwks');
    expect(warnings).toEqual([
      'THE SET HAS A PRIVATE KEY (kid a): whoever reads it can sign calls.',
      'Two keys of the set have the kid a.',
    ]);
    expect(readKeySet({ keys: [] }, 'jwks.json', '--jwks').warnings).toEqual(['The key set is empty.']);
  });

  test('of two keys with one kid, either may have signed', () => {
    const both = readKeySet({ keys: [jwk(other.publicKey, 'a'), jwk(ours.publicKey, 'a')] }, 'x', '--jwks');
    const call = { body: Buffer.from(BODY), signature: pss(BODY).toString('base64url'), keyId: 'a' };
    expect(findSignature(call, both.keys)).toMatchObject({ valid: true, keyId: 'a' });
  });

  test('a damaged key is unfit, not an error', () => {
    for (const [n, e] of [
      ['', ''],
      ['AQAB', 'AQAB'],
      ['____', 'AA'],
      [undefined, undefined],
    ]) {
      const { keys: found } = readKeySet({ keys: [{ kty: 'RSA', kid: 'a', n, e }] }, 'x', '--jwks');
      expect(found).toEqual([{ kid: 'a', unfit: expect.stringMatching(/bits|damaged/) }]);
    }
    const { n } = ours.publicKey.export({ format: 'jwk' });
    for (const e of ['', 'AA', 'AQ', 'Ag', '/w']) {
      const { keys: found } = readKeySet({ keys: [{ kty: 'RSA', kid: 'a', n, e }] }, 'x', '--jwks');
      const call = { body: Buffer.from(BODY), signature: pss(BODY).toString('base64url'), keyId: 'a' };
      expect(findSignature(call, found)).toMatchObject({ valid: false });
    }
  });
});

/** A signature in which the two alphabets differ. */
function mixed(): Buffer {
  for (;;) {
    const bytes = pss(BODY);
    if (/[+/]/.test(bytes.toString('base64'))) return bytes;
  }
}
