/** The program of docs/client.md and its types, with the package as npm packs it. Needs `npm run build`. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packedProject, root, type Project } from '../library/package.js';
import { startApi, type Api } from '../support/api.js';
import { PHONE, startApplication, type Application } from '../support/application.js';

const modules = join(root, 'node_modules');
let project: Project;
let app: Application;
let api: Api;
beforeAll(async () => {
  [project, app] = await Promise.all([packedProject(), startApplication()]);
  const { jwksUrl, issuer } = app.ready.prelude;
  api = await startApi({ jwksUrl, issuer });
  api.on('/transfers', ({ headers, body }, response) => {
    const held = JSON.parse(Buffer.from(String(headers.authorization).split('.')[1] ?? '', 'base64url').toString()) as {
      scope: string;
    };
    response.end(JSON.stringify({ scope: held.scope, body: body.toString() }));
  });
  await app.addUser();
  await app.allow({ scope: 'transfer:write' });
  const page = readFileSync(join(root, 'docs', 'client.md'), 'utf8');
  const [, name, text] = /<!-- file: (\S+) -->\n\n```js\n([^]*?)```/.exec(page) ?? [];
  await project.write(name!, text!);
}, 60_000);
afterAll(async () => {
  await api.close();
  await app.close();
  await project.remove();
});

interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the program; each question on its screen is answered with the newest code. */
async function run(): Promise<Ran> {
  const env = {
    PATH: process.env.PATH,
    STEPUP_HOME: app.home,
    STEPUP_EMULATOR_URL: app.url,
    API: api.origin,
    PHONE,
  };
  const child = spawn(process.execPath, ['transfer.mjs'], { cwd: project.folder, env });
  const ran: Ran = { status: null, stdout: '', stderr: '' };
  child.stdout.on('data', (piece: Buffer) => (ran.stdout += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => {
    ran.stderr += piece.toString();
    if (ran.stderr.endsWith(': ')) void app.newest().then(({ code }) => child.stdin.write(`${code}\n`));
  });
  ran.status = await new Promise((done) => child.once('close', done));
  return ran;
}

test('the program logs in, steps up, calls the API, and ends by itself', async () => {
  const { status, stdout, stderr } = await run();
  expect([status, stdout]).toEqual([0, "200 { scope: 'transfer:write', body: 'amount=1' }\n"]);
  expect(stderr.match(/A code was sent by sms\./g)).toHaveLength(2);
});

test('run again, it goes on with what the store has, as a command does', async () => {
  expect(await run()).toMatchObject({ status: 0, stderr: '' });
  expect((await app.run(['check', 'transfer:write'])).status).toBe(0);
});

const USE = `
  import { createClient, StepupError, type Client, type ErrorCode, type StepEvent } from 'stepup';

  const client: Client = await createClient({ provider: 'dynamic', answers: { code: (step) => step.key } });
  for await (const event of client.request(['wallet:sign'])) {
    const seen: StepEvent = event;
    if (seen.type === 'step') seen.step.answer({ code: '1' });
    // @ts-expect-error: it is of the last event
    seen.grant;
  }
  const response: Response = await client.fetch(new URL('https://api.example.com'), { scope: 'wallet:sign', method: 'POST' });
  await client.token({ scope: ['wallet:sign'] }).catch((error: unknown) => {
    const code: ErrorCode | undefined = error instanceof StepupError ? error.code : undefined;
    return code;
  });
  console.log(response.status);
  // @ts-expect-error: no such option
  await createClient({ environmnt: 'x' });
`;

test('TypeScript compiles what a user writes, library files checked', async () => {
  await project.link('@types/node', modules);
  await project.write('use.ts', USE);
  const compilerOptions = {
    module: 'nodenext',
    moduleResolution: 'nodenext',
    target: 'es2022',
    lib: ['es2022'],
    types: ['node'],
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
  };
  await project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['use.ts'] }));
  expect(await project.node([join(modules, 'typescript', 'bin', 'tsc'), '-p', '.'])).toEqual({ status: 0, output: '' });
});
