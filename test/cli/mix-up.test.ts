/** Keys that do not belong where they would go: nothing of them is sent. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApplication, type Application } from '../support/application.js';
import { stepup } from '../support/stepup.js';

let app: Application;
let live: Server;
let liveUrl: string;
const seen: IncomingMessage[] = [];
beforeAll(async () => {
  app = await startApplication();
  live = createServer((request, response) => {
    seen.push(request);
    response.writeHead(request.url?.startsWith('/v2/') ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ scopes: [] }));
  });
  await new Promise<void>((resolve) => live.listen(0, '127.0.0.1', resolve));
  liveUrl = `http://127.0.0.1:${(live.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await app.close();
  await new Promise((resolve) => live.close(resolve));
});

const emulatorsKey = 'sk_emulator_demo';
const liveKey = 'sk_live_secret';

describe('a management key', () => {
  const scopes = (managementUrl: string, key: string, more: string[] = []) =>
    stepup(['scope', 'list', '--json', ...more], {
      home: app.home,
      env: {
        STEPUP_PRELUDE_APP_ID: 'demo',
        STEPUP_PRELUDE_MANAGEMENT_URL: managementUrl,
        STEPUP_PRELUDE_MANAGEMENT_KEY: key,
      },
    });

  test('of an emulator does not go to what is none, and a live one goes', async () => {
    seen.length = 0;
    const refused = await scopes(liveUrl, emulatorsKey);
    expect([refused.status, refused.error().code, refused.error().field]).toEqual([
      2,
      'EMULATOR_KEY',
      '--management-key-file',
    ]);
    expect(seen.map(({ url, headers }) => [url, headers.authorization])).toEqual([['/__emulator/health', undefined]]);
    await scopes(liveUrl, liveKey);
    expect(seen.at(-1)?.headers.authorization).toBe(`Bearer ${liveKey}`);
  });

  test('of a live service does not go to an emulator, which the address alone does not show', async () => {
    const refused = await scopes(app.url, liveKey);
    expect([refused.status, refused.error().code]).toEqual([2, 'LIVE_KEY']);
    expect(refused.stderr).not.toContain(liveKey);
    const events = await stepup(['emulator', 'events', '--json', `--emulator=${app.url}`], {
      home: app.home,
      env: { STEPUP_EMULATOR_CONTROL_TOKEN: app.ready.controlToken },
    });
    expect(events.stdout).not.toContain('/v2/session');
    expect((await scopes(app.url, emulatorsKey)).status).not.toBe(2);
  });

  test('of a live service does not go to the emulator that was chosen, which need not be asked', async () => {
    const refused = await app.run('scope list --management-key-file - --json', { stdin: liveKey });
    expect([refused.status, refused.error().code]).toEqual([2, 'LIVE_KEY']);
  });
});
