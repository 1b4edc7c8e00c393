import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startApplication, type Application } from '../../../support/application.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
beforeEach(() => app.allow({ scope: 'other:scope' }));
afterEach(() => app.reset());
afterAll(() => app.close());

const add = ['scope', 'add', 'prld:email:register', '--mode', 'managed'];

test('scope add --mode managed lets the service decide itself; the second time there is nothing to do', async () => {
  const { status, json } = await app.run([...add, '--json']);
  expect([status, json()]).toEqual([
    0,
    { scope: 'prld:email:register', changed: true, registered: true, allowed: true, mode: 'managed', replaced: [] },
  ]);
  const again = await app.run(add);
  expect(again.stdout).toContain('is so already (the service itself decides)');
  expect((await app.run('scope list')).stdout).toMatch(/prld:email:register.*managed/);
});

test('takes the place of an entry of another mode', async () => {
  await app.run('scope add prld:email:register --mode direct --step verify_sms');
  const { json } = await app.run([...add, '--json']);
  expect(json()).toMatchObject({ mode: 'managed', replaced: [{ mode: 'direct' }] });
});

test.each([
  ['transfer:write --mode managed', 'FLAG_INVALID', '--mode'],
  ['prld:pwd:write --mode managed', 'FLAG_INVALID', '--mode'],
  ['prld:email:register --mode managed --hook-url https://api.example.com/hook', 'FLAG_CONFLICT', '--hook-url'],
  ['prld:email:register --mode managed --step verify_sms', 'FLAG_CONFLICT', '--step'],
])('scope add %s is %s', async (args, code, field) => {
  const { status, error } = await app.run(`scope add ${args} --json`);
  expect([status, error().code, error().field]).toEqual([2, code, field]);
});
