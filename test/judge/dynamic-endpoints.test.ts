/** The list of Dynamic's endpoints against the official API client: what that can call is in the list, and the other way round. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { GROUPS } from '../emulator/endpoints.js';

/** Resolves as the client does, so that it is the version that this one uses. */
const client = createRequire(createRequire(import.meta.url).resolve('@dynamic-labs-sdk/client'));

/** `METHOD /path` of every call of the client's under an environment; `{name}` is one segment. */
function officialCalls(): string[] {
  const folder = join(dirname(client.resolve('@dynamic-labs/sdk-api-core')), 'apis');
  const source = ['SDKApi', 'WaasApi'].map((name) => readFileSync(join(folder, `${name}.cjs`), 'utf8')).join('\n');
  const calls = [...source.matchAll(/path: `\/sdk\/\{environmentId\}([^`]*)`[^]*?method: '([A-Z]+)'/g)];
  // Each path has OPTIONS too, which is the browser's business.
  const real = calls.filter(([, , method]) => method !== 'OPTIONS');
  return [...new Set(real.map(([, path, method]) => `${method} ${path}`))];
}

const listed = GROUPS.filter(({ service }) => service === 'dynamic').flatMap(({ endpoints }) => endpoints);

const patterns = listed.map(({ method, path }) => ({
  name: `${method} ${path}`,
  pattern: new RegExp(
    `^${method === '*' ? '[A-Z]+' : method} ${path
      .replaceAll(/[.]/g, '\\.')
      .replaceAll('*', '.+')
      .replaceAll(/:\w+/g, '[^/]+')}$`,
  ),
}));

it('has every call of the official client', () => {
  const calls = officialCalls();
  expect(calls.length).toBeGreaterThan(150);
  expect(calls.filter((call) => !patterns.some(({ pattern }) => pattern.test(call)))).toEqual([]);
});

it('has nothing that the official client has not', () => {
  const calls = officialCalls();
  const strangers = patterns.filter(({ pattern }) => !calls.some((call) => pattern.test(call)));
  expect(strangers.map(({ name }) => name)).toEqual([]);
});
