import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeReady, writeReady } from '../../src/store/emulators.js';
import { startApplication, type Application } from '../support/application.js';

let app: Application;
let hook: Server;
let url: string;
let port: number;

beforeAll(async () => {
  app = await startApplication();
  hook = createServer((_request, response) => response.writeHead(503).end('down'));
  await new Promise<void>((done) => hook.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hooks/stepup`;
  port = Number(new URL(app.url).port);
  await app.run(['config', 'create', '--hook-url', url]);
  await app.run('scope add transfer:write');
  await app.login();
});
afterAll(async () => {
  hook.close();
  await app.close();
});

test('the log of the emulator of this store tells why a hook failed', async () => {
  await writeReady(app.home, port, { ...app.ready, pid: process.pid });
  const { status, error } = await app.run('request transfer:write --json');
  expect(status).toBe(6);
  expect(error()).toMatchObject({
    code: 'SERVICE_FAILING',
    message: "The hook of the scope failed: invalid_status_code, hook's answer: expected 2xx, got 503.",
  });
});

test('without it the service says no more than that it is failing', async () => {
  await removeReady(app.home, port);
  const { status, error } = await app.run('request transfer:write --json');
  expect(status).toBe(6);
  expect(error()).toMatchObject({
    code: 'SERVICE_FAILING',
    hint: 'If the scope is delegated, its hook may have failed: see its log, or what `stepup hook serve` prints.',
  });
});
