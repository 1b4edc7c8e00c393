import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createStore } from '../../src/store/create.js';
import { temporaryFolder } from './child.js';
import { anotherKey, key, profile } from './examples.js';

test('a default hook is kept by application, beside the profiles, and forgotten', async () => {
  const folder = join(await temporaryFolder(), 'home');
  const store = createStore(folder);
  const stored = async (): Promise<unknown> => JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  expect(await store.hookUrl(key)).toBeUndefined();
  await store.saveHookUrl(key, undefined);
  await expect(stat(folder)).rejects.toThrow('ENOENT');

  await store.saveHookUrl(key, 'https://api.example.com/hook');
  await store.saveHookUrl(anotherKey, 'http://127.0.0.1:4790/');
  await store.saveProfile('demo', profile);
  expect(await stored()).toEqual({
    version: 1,
    profiles: { demo: profile },
    hooks: {
      'prelude://54e9ujn.session.prelude.dev#demo': 'https://api.example.com/hook',
      'prelude://127.0.0.1:4780/t/two#demo': 'http://127.0.0.1:4790/',
    },
  });
  await store.saveHookUrl(anotherKey, undefined);
  expect(await createStore(folder).hookUrl(key)).toBe('https://api.example.com/hook');
  await store.saveHookUrl(key, undefined);
  expect(await stored()).toEqual({ version: 1, profiles: { demo: profile } });
});
