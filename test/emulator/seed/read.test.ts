import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { parseSeed, parseSeedObject, readSeedFile } from '../../../src/emulator/seed/read.js';
import { FailedError } from '../../../src/errors.js';
import { WHOLE } from './examples.js';

function refusal(text: string): FailedError {
  try {
    parseSeed(text, 'seed.yaml');
  } catch (error) {
    if (error instanceof FailedError) return error;
    throw error;
  }
  throw new Error('the seed was taken');
}

describe('a seed', () => {
  it('is YAML or JSON', () => {
    expect(parseSeed(JSON.stringify(WHOLE), 'seed.json').file).toEqual(WHOLE);
    const yaml = 'identities:\n  - identity: +33612345678\n    code: "424242" # pinned\n';
    expect(parseSeed(yaml, 'seed.yaml').file).toEqual({ identities: [{ identity: '+33612345678', code: '424242' }] });
    expect(parseSeedObject(WHOLE).file).toEqual(WHOLE);
  });

  it('may be empty', () => {
    expect(parseSeed('', 'seed.yaml').file).toEqual({});
    expect(parseSeed('# nothing yet\n', 'seed.yaml').file).toEqual({});
  });

  it('takes a code that begins with 0 for the text that it looks like', () => {
    const { file } = parseSeed('identities: [{ identity: a@b.co, code: 042424 }]', 'seed.yaml');
    expect(file.identities?.[0]?.code).toBe('042424');
  });

  test.each([
    ['an unknown field', 'settings: {}\nprelude:\n  scops: [a]\n', 3, 3, 'prelude.scops', 'a field that is known'],
    [
      'a code that is a number',
      'identities:\n  - identity: a@b.co\n    code: 424242\n',
      3,
      5,
      'identities.0.code',
      '4 to 8 digits in quotes, got a number',
    ],
    ['a setting', 'settings:\n  otpAttempts: 0\n', 2, 3, 'settings.otpAttempts', '>=1'],
    [
      'an identifier',
      'prelude:\n  users:\n    - identifiers: [ada]\n',
      3,
      21,
      'prelude.users.0.identifiers.0',
      'a phone number such as +33612345678, or an address',
    ],
    ['a missing field', 'prelude:\n  users:\n    - password: x\n', 3, 7, 'prelude.users.0.identifiers', 'got nothing'],
    [
      'a verdict',
      'identities:\n  - identity: a@b.co\n    hookVerdict: maybe\n',
      3,
      5,
      'identities.0.hookVerdict',
      'block, got another text',
    ],
    [
      'a step that has no key',
      'prelude:\n  stepup:\n    step_keys: []\n    allowed_scopes:\n      - scope: a\n        mode: direct\n        direct:\n          identifier_types: [phone_number]\n          status: review\n          grant_mode: single-use\n          granted_for: 5\n          steps: [{ order: 1, key: mine, expiration_duration: 5 }]\n',
      12,
      31,
      'prelude.stepup.allowed_scopes.0.direct.steps.0.key',
      'a managed step or a key of step_keys',
    ],
    [
      'a short password',
      'prelude:\n  users:\n    - identifiers: [a@b.co]\n      password: short\n',
      4,
      7,
      'prelude.users.0.password',
      'at least 8 characters, got fewer',
    ],
    [
      'an identifier of two users',
      'dynamic:\n  users:\n    - identifiers: [a@b.co]\n    - identifiers: [A@b.co]\n',
      4,
      21,
      'dynamic.users.1.identifiers.0',
      'an identifier of one user, got it twice',
    ],
    [
      'a user without identity',
      'dynamic:\n  users:\n    - profile: {}\n',
      3,
      7,
      'dynamic.users.0',
      'at least one identifier or wallet',
    ],
    [
      'an identity twice',
      'identities:\n  - { identity: a@b.co, code: "1234" }\n  - { identity: A@B.CO, code: "1234" }\n',
      3,
      7,
      'identities.1.identity',
      'an identity once',
    ],
    [
      'a message both late and suppressed',
      'identities:\n  - { identity: a@b.co, lateSeconds: 5, suppressed: no }\n',
      2,
      41,
      'identities.0.suppressed',
      'got both',
    ],
    ['a tenant twice', 'tenants:\n  - id: default\n', 2, 5, 'tenants.0.id', 'an id of its own'],
  ])('is refused with line and field for %s', (_, text, line, column, field, words) => {
    const error = refusal(text);
    expect([error.code, error.field]).toEqual(['SEED_INVALID', field]);
    expect(error.message).toContain(`seed.yaml, line ${line}, column ${column}: ${field}: expected `);
    expect(error.message).toContain(words);
    expect(error.message).not.toContain('\n');
  });

  it('says of many faults the first and how many there are', () => {
    expect(refusal('settings: { otpAttempts: 0, mood: 1 }\nidentities: 3\n').message).toBe(
      'seed.yaml, line 1, column 13: settings.otpAttempts: expected >=1, got another number (and 2 more).',
    );
  });

  test.each([
    ['no YAML', 'a: [1', 'no YAML or JSON'],
    ['a name twice', 'settings: {}\nsettings: {}\n', 'line 2, column 1'],
    ['two documents', 'settings: {}\n---\nsettings: {}\n', 'no YAML or JSON: there is more than one document.'],
    ['a list', '- 1\n', 'expected an object, got a list'],
    ['a text', 'hello', 'expected an object, got a text'],
  ])('is refused for %s', (_, text, words) => {
    expect(refusal(text).message).toContain(words);
  });

  it('never has a secret in its error', () => {
    const secret = 'GEZDGNBVGY3TQOJ0';
    const error = refusal(`dynamic: { users: [{ identifiers: [a@b.co], totp: { secret: ${secret} } }] }`);
    expect(error.message).toContain('dynamic.users.0.totp.secret: expected a secret of 16 to 128 characters in base32');
    expect(JSON.stringify([error.message, error.hint, error.field])).not.toContain(secret);
  });

  it('stops at aliases that grow without end', () => {
    const levels = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [at, name] of ['b', 'c', 'd', 'e', 'f'].entries()) {
      const before = 'abcdef'[at]!;
      levels.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`);
    }
    expect(refusal(`${levels.join('\n')}\n`).code).toBe('SEED_INVALID');
  });

  it('is read from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stepup-seed-'));
    try {
      await writeFile(join(folder, 'seed.yaml'), 'prelude: { scopes: [a] }\n');
      expect((await readSeedFile(join(folder, 'seed.yaml'))).file).toEqual({ prelude: { scopes: ['a'] } });
      await expect(readSeedFile(join(folder, 'none.yaml'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
