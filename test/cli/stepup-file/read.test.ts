import { describe, expect, test } from 'vitest';
import { parseStepUpFile } from '../../../src/cli/stepup-file/read.js';
import { UsageError } from '../../../src/errors.js';

function refusal(text: string): { code: string; field: string | undefined; message: string } {
  try {
    parseStepUpFile(text, 'stepup.json');
  } catch (error) {
    if (error instanceof UsageError) return { code: error.code, field: error.field, message: error.message };
    throw error;
  }
  throw new Error('it was taken');
}

/** A file with these entries of `allowed_scopes`, one a line from line 4. */
function withEntries(...entries: string[]): string {
  return `{"stepup": {\n"jwks_url": "https://a.example/jwks", "step_keys": [{"key": "kyc"}],\n"allowed_scopes": [\n${entries.join(',\n')}\n]}}`;
}
const direct = (scope: string, types: string, rest = '"status":"block"'): string =>
  `{"scope":"${scope}","mode":"direct","direct":{"identifier_types":${types},${rest}}}`;
const delegated = (scope: string, hook = 'https://a.example/hook'): string =>
  `{"scope":"${scope}","mode":"delegated","delegated":{"delegation_hook":"${hook}"}}`;
const review = (key: string, granted = 300): string =>
  `"status":"review","grant_mode":"session-bound","granted_for":${granted},"steps":[{"order":1,"key":"${key}","expiration_duration":60}]`;

describe('what is wrong with a file', () => {
  test.each<[string, string, string, string]>([
    ['nothing', '', '--file', 'stepup.json is empty.'],
    ['only a byte order mark', '\uFEFF\n', '--file', 'stepup.json is empty.'],
    ['no object', '[]', '--file', 'stepup.json, line 1, column 1: the document is a list and no object.'],
    [
      'an object without a section',
      '{}',
      '--file',
      'the document says nothing: it has none of scopes, stepup, login_otp, login_password.',
    ],
    ['no JSON', 'scopes: []', '--file', 'stepup.json is no JSON: expected a value, got s (line 1, column 1).'],
    [
      'UTF-16',
      '\uFFFD\uFFFD{\u0000',
      '--file',
      'is no JSON: expected a value, got a character that is none of JSON (line 1, column 1).',
    ],
    ['a comment', '{\n  "scopes": [] // mine\n}', '--file', 'a comment, which JSON does not have (line 2, column 16).'],
    [
      'a trailing comma',
      '{\n  "scopes": ["a",]\n}',
      '--file',
      'a comma after the last entry, before ] (line 2, column 17).',
    ],
    [
      'an unknown field',
      '{\n  "scopes": [],\n  "mood": 1\n}',
      'mood',
      'stepup.json, line 3, column 3: mood is no field that is known.',
    ],
    [
      'an unknown field deep inside',
      withEntries(delegated('a').replace('{"delegation_hook"', '{\n"retries": 3, "delegation_hook"')),
      'stepup.allowed_scopes.0.delegated.retries',
      'line 5, column 1: stepup.allowed_scopes.0.delegated.retries is no field that is known.',
    ],
    [
      'a field of every object',
      '{"scopes":[],\n"constructor":1}',
      'constructor',
      'line 2, column 1: constructor is no field',
    ],
    ['a name twice', '{"scopes":[],\n"scopes":[]}', '--file', '"scopes" is there twice (line 2, column 1).'],
    ['a scope twice', '{"scopes":["a",\n"b",\n"a"]}', 'scopes.2', 'line 3, column 1: scopes.2 is there twice: a.'],
    ['an ill-named scope', '{"scopes":["a b"]}', 'scopes.0', 'scopes.0 has characters other than letters, digits'],
    ['another kind of value', '{"scopes":"a"}', 'scopes', 'scopes: expected a list, got "a".'],
    [
      'the same users twice',
      withEntries(direct('a', '["email_address"]'), direct('b', '["email_address"]'), direct('a', '["email_address"]')),
      'stepup.allowed_scopes.2',
      'line 6, column 1: stepup.allowed_scopes.2 is a second entry of a that no user reaches: allowed_scopes.0 decides before it.',
    ],
    [
      'an entry behind a hook',
      withEntries(delegated('a'), direct('a', '["phone_number"]')),
      'stepup.allowed_scopes.1',
      'that no user reaches: allowed_scopes.0 decides',
    ],
    [
      'an entry behind two others',
      withEntries(
        direct('a', '["phone_number"]'),
        direct('a', '["email_address"]'),
        direct('a', '["email_address","phone_number"]'),
      ),
      'stepup.allowed_scopes.2',
      'that no user reaches',
    ],
    [
      'a step that nobody knows',
      withEntries(direct('a', '["email_address"]', review('kyc2'))),
      'stepup.allowed_scopes.0.direct.steps.0.key',
      'line 4, column 162: stepup.allowed_scopes.0.direct.steps.0.key is neither in step_keys nor managed: kyc2.',
    ],
    [
      'managed mode of another scope',
      withEntries('{"scope":"transfer:write","mode":"managed"}'),
      'stepup.allowed_scopes.0.scope',
      'cannot be managed: only prld:phone:register and prld:email:register can.',
    ],
    [
      'a time out of range',
      withEntries(direct('a', '["email_address"]', review('kyc', 86_401))),
      'stepup.allowed_scopes.0.direct.granted_for',
      'granted_for is over 86400.',
    ],
    [
      'a time of 0',
      withEntries(direct('a', '["email_address"]', review('kyc', 0))),
      'stepup.allowed_scopes.0.direct.granted_for',
      'granted_for is 0, and a session-bound grant has a time.',
    ],
    [
      'a hook beyond loopback without TLS',
      withEntries(delegated('a', 'http://api.example.com/hook')),
      'stepup.allowed_scopes.0.delegated.delegation_hook',
      'delegation_hook is no https address (http is for this machine only).',
    ],
    [
      'a managed step as a key',
      '{"stepup":{"step_keys":[{"key":"verify_sms"}]}}',
      'stepup.step_keys.0.key',
      "is a step of the service's own",
    ],
    [
      'a hook without jwks_url',
      `{"stepup":{"allowed_scopes":[${delegated('a')}]}}`,
      'stepup.jwks_url',
      'stepup.jwks_url is missing, and a is delegated.',
    ],
    [
      'two defaults',
      '{"login_otp":[{"channel_type":"sms","is_default":true},\n{"channel_type":"sms","is_default":true}]}',
      'login_otp.1.is_default',
      'line 2, column 23: login_otp.1.is_default is a second default of sms, beside login_otp.0.',
    ],
    ['several things', '{"scopes":["a b",\n1]}', 'scopes.0', 'letters, digits and . - _ : (and 1 more).'],
  ])('%s', (_name, text, field, message) => {
    const found = refusal(text);
    expect(found).toMatchObject({ code: 'DOCUMENT_INVALID', field });
    expect(found.message).toContain(message);
  });

  test('a byte order mark before a good file is skipped; entries for other users of one scope are good', () => {
    expect(parseStepUpFile('\uFEFF{"scopes":["a"]}', 'stepup.json')).toEqual({ scopes: ['a'] });
    const text = withEntries(direct('a', '["email_address"]'), direct('a', '["email_address","phone_number"]'));
    expect(parseStepUpFile(text, 'stepup.json').stepup?.allowed_scopes).toHaveLength(2);
  });
});

test('every fault is named with its line: an unknown field beside the one that it was meant for', () => {
  const misspelt = withEntries('{"scope":"key:export","mode":"direct",\n"direkt":{}}');
  expect(() => parseStepUpFile(misspelt, 'stepup.json')).toThrow(
    expect.objectContaining({
      message: 'stepup.json, line 4, column 1: stepup.allowed_scopes.0.direct: it is missing (and 1 more).',
      hint: 'Also line 5, column 1: stepup.allowed_scopes.0.direkt is no field that is known.\nSee how such a file looks with: stepup config export',
    }),
  );
});
