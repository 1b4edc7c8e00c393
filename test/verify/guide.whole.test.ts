/** The programs of docs/verify.md and its types, with the package as npm packs it. Needs `npm run build`. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../library/package.js';
import { startPrograms, type Programs } from './programs.js';

const modules = join(root, 'node_modules');
let programs: Programs;
beforeAll(async () => {
  programs = await startPrograms();
  for (const name of ['hono', '@hono/node-server', '@types/node']) await programs.project.link(name, modules);
}, 60_000);
afterAll(() => programs.stop());

test('the page has the three', () => {
  expect(programs.names).toEqual(['server.mjs', 'hono.mjs', 'express.mjs']);
});

test.each(['server.mjs', 'hono.mjs'])('%s lets in what it should, and refuses', async (file) => {
  expect(await programs.walk(file)).toEqual(programs.expected);
});

const USE = `
  import { createServer } from 'node:http';
  import { createVerifier, type Admission, type Refusal, type Verifier } from 'stepup/verify';

  const verifier: Verifier = createVerifier({ prelude: 'https://app.session.prelude.dev' }, { firstUse: async () => true });
  createVerifier({ dynamic: { environmentId: 'x' } }, { isRevoked: (sid) => sid === '' });
  createServer(async (request, response) => {
    const result: Admission | Refusal = await verifier.requireScope(request, 'transfer:write', { maxAge: 300 });
    if (!result.ok) return result.send(response);
    response.end(result.userId);
  });
  export async function handle(request: Request): Promise<Response> {
    const result = await verifier.requireSession(request);
    // @ts-expect-error: not before it is known to be one
    if (request.url === '') return result.response();
    return result.ok ? new Response(result.scopes.join(' ')) : result.response();
  }
  // @ts-expect-error: one of the two
  createVerifier({ prelude: 'https://app.session.prelude.dev', dynamic: { environmentId: 'x' } });
  // @ts-expect-error: no such option
  createVerifier({ prelude: 'https://app.session.prelude.dev' }, { clock: 5 });
`;

test.each([
  ['es2022', 'nodenext'],
  ['es2022,dom', 'bundler'],
])(
  'TypeScript with lib %s and moduleResolution %s compiles what a user writes, library files checked',
  async (lib, moduleResolution) => {
    await programs.project.write('use.ts', USE);
    const compilerOptions = {
      module: moduleResolution === 'bundler' ? 'esnext' : moduleResolution,
      moduleResolution,
      target: 'es2022',
      lib: lib.split(','),
      types: ['node'],
      strict: true,
      noEmit: true,
      exactOptionalPropertyTypes: true,
    };
    await programs.project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['use.ts'] }));
    expect(await programs.project.node([join(modules, 'typescript', 'bin', 'tsc'), '-p', '.'])).toEqual({
      status: 0,
      output: '',
    });
  },
);
