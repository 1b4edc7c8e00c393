import { expect, test } from 'vitest';
import { maskCommands } from '../../../src/cli/exec/register.js';

test('a CI service that masks is told of each secret, in its own words', () => {
  expect(maskCommands({ GITHUB_ACTIONS: 'true' }, ['a', 'b'])).toEqual(['::add-mask::a', '::add-mask::b']);
  expect(maskCommands({ TF_BUILD: 'True' }, ['a'])).toEqual(['##vso[task.setsecret]a']);
});

test('anywhere else nothing is said', () => {
  expect(maskCommands({}, ['a'])).toEqual([]);
  expect(maskCommands({ CI: 'true', GITHUB_ACTIONS: '' }, ['a'])).toEqual([]);
});
