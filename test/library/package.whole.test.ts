/** The packed package in projects of users: types, an end by itself, and Vitest's fixtures. Needs `npm run build`. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packedProject, root, type Project } from './package.js';

const modules = join(root, 'node_modules');
let project: Project;

beforeAll(async () => {
  project = await packedProject();
  await project.link('vitest', modules);
  await project.link('@types/node', modules);
}, 60_000);
afterAll(() => project.remove());

const USE = `
  import { connectEmulator, EmulatorError, startEmulator, StepupError, type Emulator, type Tenant } from 'stepup/emulator';
  import { expect, test } from 'stepup/vitest';

  async function use(): Promise<string[]> {
    await using emulator: Emulator = await startEmulator({ port: 0, httpsPort: false, seed: 'seed.yaml' });
    const tenant: Tenant = await emulator.tenants.create();
    const codes: string[] = [await tenant.inbox.code({ to: '+33612345678', wait: '5s' })];
    await tenant.clock.advance('6m');
    await tenant.faults.add({ match: { path: '/v1/session/*' }, times: 2, do: { drop: 'after' } });
    await tenant.settings.patch({ otpAttempts: 2, dynamic: { enforce: { users: true } } });
    for await (const { type, id } of connectEmulator(emulator.ready).events({ after: 1 })) codes.push(type, String(id));
    // @ts-expect-error: no such fault
    await tenant.faults.add({ do: { explode: true } });
    // @ts-expect-error: no such setting
    await tenant.settings.patch({ strictness: true });
    return codes;
  }

  test('fixtures', async ({ emulator, tenant, inbox, clock, faults }) => {
    expect(emulator.url).toBe(tenant.prelude.managementUrl);
    const code: string = await inbox.code({ challenge: 'chl_1' });
    await clock.offset(-60);
    await faults.clear(code);
    // @ts-expect-error: no such fixture
    test('none', async ({ nothing }) => nothing);
  });
  export const all = { use, EmulatorError, StepupError };
`;

test.each([
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])(
  'TypeScript, module %s with moduleResolution %s, compiles what a user writes, library files checked',
  async (module, moduleResolution) => {
    await project.write('use.ts', USE);
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      types: ['node'],
      strict: true,
      noEmit: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: true,
    };
    await project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['use.ts'] }));
    expect(await project.node([join(modules, 'typescript', 'bin', 'tsc'), '-p', '.'])).toEqual({
      status: 0,
      output: '',
    });
    // Our own declarations without Vitest's: they need nothing but Node's.
    const strict = { ...compilerOptions, skipLibCheck: false, lib: ['es2022'] };
    await project.write('alone.ts', `export { startEmulator, type Emulator } from 'stepup/emulator';`);
    await project.write('tsconfig.json', JSON.stringify({ compilerOptions: strict, files: ['alone.ts'] }));
    expect(await project.node([join(modules, 'typescript', 'bin', 'tsc'), '-p', '.'])).toEqual({
      status: 0,
      output: '',
    });
  },
);

test('a script that starts and stops an emulator ends by itself', async () => {
  await project.write(
    'script.mjs',
    `import { startEmulator } from 'stepup/emulator';
     const listeners = () => JSON.stringify(process.eventNames().map((name) => [String(name), process.listenerCount(name)]));
     const before = listeners();
     const emulator = await startEmulator();
     const { url } = emulator;
     await (await fetch(url + '/.well-known/jwks.json')).json();
     await emulator.clock.advance('1h');
     await emulator.stop();
     console.log(listeners() === before);`,
  );
  expect(await project.node(['script.mjs'])).toEqual({ status: 0, output: 'true\n' });
});

test('a program that ends without stopping its emulators leaves no key behind', async () => {
  await project.write('tmp/.keep', '');
  await project.write(
    'leave.mjs',
    `import { startEmulator } from 'stepup/emulator';
     await Promise.all(Array.from({ length: 12 }, () => startEmulator({ httpsPort: false })));
     throw new Error('on purpose');`,
  );
  const tmp = join(project.folder, 'tmp');
  const { status, output } = await project.node(['leave.mjs'], { TMPDIR: tmp });
  expect([status, await readdir(tmp)]).toEqual([1, ['.keep']]);
  expect(output).not.toContain('MaxListeners');
});

test('both schemas can be found by name', async () => {
  const names = ['stepup', 'emulator-seed'].map((name) => `stepup/schema/${name}.schema.json`);
  await project.write('find.cjs', `for (const name of ${JSON.stringify(names)}) require.resolve(name);`);
  expect(await project.node(['find.cjs'])).toEqual({ status: 0, output: '' });
});

const SUITE = `
  import { describe, expect, test } from 'stepup/vitest';

  const phone = '+33612345678';
  const send = (tenant, url) => fetch(url + new URL('https://' + tenant.prelude.sessionDomain).pathname.replace(/\\/$/, '') + '/v1/session/otp', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ identifier: { type: 'phone_number', value: phone } }),
  });

  const seen = [];
  describe.each([1, 2])('test %i', () => {
    test('has a tenant of its own', async ({ emulator, tenant, inbox }) => {
      expect(tenant.id).not.toBe('default');
      expect(seen).not.toContain(tenant.id);
      seen.push(tenant.id);
      expect(await inbox.messages()).toEqual([]);
      expect((await send(tenant, emulator.url)).status).toBe(204);
      expect(await inbox.code({ to: phone })).toMatch(/^\\d{6}$/);
    });
  });

  test('its clock and its faults are its own', async ({ emulator, tenant, clock, faults }) => {
    expect((await clock.advance('6m')).offset).toBeCloseTo(360, 0);
    expect((await emulator.clock.get()).offset).toBe(0);
    expect((await emulator.settings.get()).otpAttempts === 9).toBe(process.env.STEPUP_EMULATOR_URL === undefined);
    await faults.add({ do: { status: 503 } });
    expect((await send(tenant, emulator.url)).status).toBe(503);
    expect((await emulator.tenants.list()).map(({ id }) => id)).not.toEqual(expect.arrayContaining(seen));
  });

  const strict = test.extend({ emulatorOptions: [{ seed: { settings: { strictScopes: false } } }, { scope: 'worker' }] });
  strict('the emulator starts as a suite says', async ({ emulator }) => {
    expect(await emulator.settings.get()).toMatchObject({ strictScopes: process.env.STEPUP_EMULATOR_URL !== undefined });
  });
`;

test('a Vitest suite with the fixtures, on emulators of its own and under emulator exec', async () => {
  await project.write('suite.test.js', SUITE);
  await project.write(
    'vitest.config.js',
    `export default { test: { provide: { emulatorOptions: { seed: { settings: { otpAttempts: 9 } } } } } };`,
  );
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--root', '.'];
  const own = await project.node(vitest);
  expect(own.output).toMatch(/Tests {2}4 passed/);
  expect(own.status).toBe(0);
  const under = await project.node([
    'node_modules/stepup/bin/stepup.js',
    'emulator',
    'exec',
    '--',
    process.execPath,
    ...vitest,
  ]);
  expect(under.output).toMatch(/Tests {2}4 passed/);
  expect(under.status).toBe(0);
}, 60_000);
