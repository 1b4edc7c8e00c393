/**
 * The list of endpoints is what the routers have, does what it says, and is what docs/endpoints.md shows.
 * `STEPUP_WRITE_DOCS=1 npx vitest run test/emulator/endpoints.test.ts` writes that page.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDynamic } from '../../src/emulator/dynamic/app.js';
import { createPrelude } from '../../src/emulator/prelude/app.js';
import { loadKeys } from '../../src/emulator/prelude/keys.js';
import { startTestEmulator, type TestEmulator } from '../support/emulator.js';
import { GROUPS, type Endpoint, type Group } from './endpoints.js';

const PAGE = new URL('../../docs/endpoints.md', import.meta.url);

let test: TestEmulator;
const routes: Record<Group['service'], string[]> = { prelude: [], dynamic: [] };

beforeAll(async () => {
  test = await startTestEmulator({
    httpsPort: undefined,
    services: async (services) => {
      const prelude = createPrelude(services, await loadKeys(services.keys));
      const dynamic = await createDynamic(services);
      routes.prelude = prelude.routes.map(({ method, path }) => `${method} ${path}`);
      routes.dynamic = dynamic.routes.map(({ method, path }) => `${method} ${path}`);
      return [prelude, dynamic];
    },
  });
});

afterAll(() => test.stop());

/** What the routers have for whole subtrees: what every call of an API passes, and its answer to calls that the service has not. */
const SUBTREES = [
  '/v1/session/*',
  '/.well-known/*',
  '/oauth-provider/*',
  '/v2/session/apps/:appId/*',
  '/v2/session/*',
  '/api/v0/sdk/:environmentId/*',
];

describe.each(['prelude', 'dynamic'] as const)('the endpoints of %s', (service) => {
  it('are those that the router has', () => {
    const tenantless = routes[service].filter((route) => !route.includes(' /t/:tenant'));
    const found = new Set(tenantless.filter((route) => !SUBTREES.includes(route.replace('ALL ', ''))));
    const listed = listOf(service).map(({ base, method, path }) => `${method === '*' ? 'ALL' : method} ${base}${path}`);
    expect([...found].sort()).toEqual([...listed].sort());
  });

  it('are emulated where the list says so, and answer 501 where it says that they are refused', async () => {
    const wrong: string[] = [];
    for (const endpoint of listOf(service)) {
      const status = await call(endpoint);
      const isRight = endpoint.does === 'refused' ? status === 501 : status !== 404 && status !== 501 && status < 500;
      if (!isRight) wrong.push(`${endpoint.method} ${endpoint.base}${endpoint.path}: ${status}`);
    }
    expect(wrong).toEqual([]);
  });

  it('are all: another path answers 404', async () => {
    const bases = GROUPS.filter((group) => group.service === service && group.base !== '').map(({ base }) => base);
    for (const base of bases) {
      expect(await call({ base, method: 'GET', path: '/no/such/call', does: 'refused' })).toBe(404);
    }
  });
});

it('has each tenant of Prelude at the same paths', () => {
  const paths = routes.prelude.filter((route) => !/ \/v2\//.test(route) && !route.includes('/t/:tenant'));
  const tenants = routes.prelude.filter((route) => route.includes('/t/:tenant'));
  expect(tenants.map((route) => route.replace('/t/:tenant', '')).sort()).toEqual([...paths].sort());
});

it('is what docs/endpoints.md shows', async () => {
  const text = await page();
  if (process.env.STEPUP_WRITE_DOCS) await writeFile(PAGE, text);
  expect(await readFile(PAGE, 'utf8')).toBe(text);
});

type Listed = Endpoint & { base: string };

function listOf(service: Group['service']): Listed[] {
  return GROUPS.filter((group) => group.service === service).flatMap(({ base, endpoints }) =>
    endpoints.map((endpoint) => ({ ...endpoint, base })),
  );
}

/** Status of a call without credentials; the management API says 501 only to who has its key. */
async function call({ base, method, path, does }: Pick<Listed, 'base' | 'method' | 'path' | 'does'>): Promise<number> {
  const { url, prelude, dynamic } = test.emulator.ready;
  const place = `${base}${path}`
    .replace(':appId', prelude.appId)
    .replace(':environmentId', dynamic.environmentId)
    .replace(':provider', 'google')
    .replaceAll(/:\w+|\*/g, 'any');
  const key = does === 'refused' && base.startsWith('/v2/') ? { Authorization: `Bearer ${prelude.managementKey}` } : {};
  const response = await fetch(`${url}${place}`, {
    method: method === '*' ? 'POST' : method,
    headers: key,
    redirect: 'manual',
  });
  await response.arrayBuffer();
  return response.status;
}

const MEANINGS = `
| source | means |
|---|---|
| docs | the service's documentation or API reference |
| SDK | the service's official SDKs call it, or have it in their API client |
| field | seen in a public application that runs on the real service |
| inferred | our reading; the real service may have another path or none |
| own | the emulator's own, the service has no such call |
`;

/** The page as it has to be. */
async function page(): Promise<string> {
  const count = (does: string): number =>
    GROUPS.flatMap((group) => group.endpoints).filter((one) => one.does === does).length;
  const parts = [
    '# Endpoints',
    `What the services have, and what the emulator does of it: ${count('emulated')} calls are **emulated**; ${count('refused')} paths are
**refused** with status 501, whose message names the call; **not known** is what a service is said to have at a path that no source
tells. Any other path answers 404. A test makes this page and calls every endpoint on it.`,
    MEANINGS,
    ...GROUPS.map(section),
  ];
  const text = parts.join('\n\n');
  return format(text, { ...(await resolveConfig(PAGE)), parser: 'markdown' });
}

function section({ title, base, endpoints, unknown }: Group): string {
  const rows = endpoints.map(
    ({ method, path, does, source, note }) =>
      `| ${method === '*' ? 'any' : method} | \`${path.replaceAll(/:(\w+)/g, '{$1}')}\` | ${does} | ${source} | ${note} |`,
  );
  const dark = unknown.map(({ name }) => `| | | not known | docs | ${name} |`);
  const under = base === '' ? 'At the root of the host' : `Under \`${base.replaceAll(/:(\w+)/g, '{$1}')}\``;
  return [
    `## ${title}`,
    `${under}.`,
    ['| method | path | emulator | source | |', '|---|---|---|---|---|', ...rows, ...dark].join('\n'),
  ].join('\n\n');
}
