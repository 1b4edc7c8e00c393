/** Both official SDKs, unmodified, each in two tenants of one emulator at once: nobody sees anything of the other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DynamicReady, Message, PreludeReady } from '../../src/emulator/emulator.js';
import type { PreludeDriver } from './pages/prelude.js';
import { launchChromium, skipsWithoutChromium, type Browser } from './support/chromium.js';
import { createClient } from './support/dynamic-client.js';
import { runEmulator, type JudgedEmulator } from './support/emulator.js';
import { application, type Application } from './support/prelude-application.js';
import { scopes } from './support/prelude-claims.js';
import { openSdkPage, valueOf, type SdkPage } from './support/sdk-page.js';

const SCOPE = 'transfer:write';
const PHONE = '+33612000001';
const EMAIL = 'ada@example.com';

interface Worker {
  id: string;
  prelude: PreludeReady;
  dynamic: DynamicReady;
}

let emulator: JudgedEmulator;
let workers: [Worker, Worker];

beforeAll(async () => {
  emulator = await runEmulator();
  const made = await Promise.all(['worker-1', 'worker-2'].map((id) => control<Worker>('POST', '/tenants', { id })));
  workers = made as [Worker, Worker];
});
afterAll(() => emulator?.stop());

async function control<T>(method: string, path: string, body?: unknown): Promise<T> {
  const { controlUrl, controlToken } = emulator.ready;
  const response = await fetch(`${controlUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${controlToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

const inbox = async (tenant: string): Promise<Message[]> =>
  (await control<{ messages: Message[] }>('GET', `/messages?tenant=${tenant}`)).messages;
const newestCode = async (tenant: string): Promise<string> => (await inbox(tenant)).at(-1)?.code ?? '';

describe.skipIf(skipsWithoutChromium())('@prelude.so/js-sdk in two tenants', () => {
  let browser: Browser;
  const pages: SdkPage<PreludeDriver>[] = [];
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => {
    for (const page of pages) await page.close();
    await browser?.close();
  });

  it('logs the same number in as two users, who step up side by side and end by themselves', async () => {
    const apps: Application[] = [];
    for (const worker of workers) {
      const app = application({ ...emulator.ready, prelude: worker.prelude }, worker.id);
      const steps = [{ order: 1, key: 'verify_sms', expiration_duration: 300 }];
      const verdict = { status: 'review', grant_mode: 'session-bound', granted_for: 300, steps };
      const direct = { identifier_types: ['phone_number'], ...verdict };
      await app.configure({ allowedScopes: [{ scope: SCOPE, mode: 'direct', direct }] });
      apps.push(app);
      const page = await openSdkPage<PreludeDriver>(browser.context, 'prelude');
      pages.push(page);
      valueOf(await page.sdk.open(worker.prelude.sessionDomain));
    }
    const [first, second] = pages.map(({ sdk }) => sdk) as [
      SdkPage<PreludeDriver>['sdk'],
      SdkPage<PreludeDriver>['sdk'],
    ];
    const [one, two] = apps as [Application, Application];

    valueOf(await first.startLogin(PHONE));
    expect(await two.messages(PHONE)).toEqual([]);
    valueOf(await second.startLogin(PHONE));
    // The code of one tenant is none of the other, unless chance has made them the same.
    const codes = [await one.newestCode(PHONE), await two.newestCode(PHONE)] as const;
    // A million to one that both are the same.
    expect(await second.checkLogin(codes[0])).toMatchObject({ error: expect.any(String) });
    valueOf(await first.checkLogin(codes[0]));
    valueOf(await second.checkLogin(codes[1]));
    const claims = [valueOf(await first.claims()), valueOf(await second.claims())] as const;
    expect(claims.map((each) => each?.iss)).toEqual(
      workers.map(({ prelude }) => expect.stringContaining(prelude.issuer)),
    );
    expect(claims[0]?.sub).not.toBe(claims[1]?.sub);

    expect(valueOf(await first.request(SCOPE, {})).status).toBe('review');
    expect(valueOf(await second.challenges())).toEqual([]);
    const [challenge] = valueOf(await first.challenges());
    valueOf(await first.otpCreate(challenge!.challengeId));
    valueOf(await first.otpCheck(challenge!.challengeId, await one.newestCode(PHONE)));
    expect(scopes(valueOf(await first.claims()))).toEqual([SCOPE]);
    valueOf(await second.forceRefresh());
    expect(scopes(valueOf(await second.claims()))).toEqual([]);

    valueOf(await first.logout());
    expect(await first.refresh()).toMatchObject({ error: 'UnauthorizedError' });
    valueOf(await second.forceRefresh());
  });
});

describe('@dynamic-labs-sdk/client in two tenants', () => {
  it('signs the same address in as two users; the grant of one is none of the other', async () => {
    const clients = workers.map(({ dynamic }) =>
      createClient({ ...dynamic, origin: 'http://localhost:3000', fetch: globalThis.fetch }),
    ) as [ReturnType<typeof createClient>, ReturnType<typeof createClient>];
    const [first, second] = clients;
    const users: unknown[] = [];
    for (const [at, client] of clients.entries()) {
      await client.initialize();
      const sent = await client.sendEmail(EMAIL);
      const messages = await inbox(workers[at as 0 | 1].id);
      expect(messages.filter(({ provider }) => provider === 'dynamic')).toHaveLength(1);
      await client.verifyCode(sent, await newestCode(workers[at as 0 | 1].id));
      users.push(client.user()?.id);
    }
    expect(new Set(users).size).toBe(2);
    const sent = await first.sendEmail(EMAIL);
    await first.verifyCode(sent, await newestCode('worker-1'), { scopes: ['credential:link'] });
    expect(first.held('credential:link')).toBeDefined();
    expect(await second.check('credential:link')).toMatchObject({ isRequired: true });
    expect((await inbox('worker-2')).filter(({ provider }) => provider === 'dynamic')).toHaveLength(1);
    expect(await inbox('default')).toEqual([]);
  });
});
