/** The walk by our provider. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importWallet } from '../../../src/authenticator/wallet.js';
import { createHttp } from '../../../src/http/client.js';
import { createDynamic } from '../../../src/providers/dynamic/dynamic.js';
import type { DynamicProvider } from '../../../src/providers/dynamic/provider.js';
import { createKeyring } from '../../../src/providers/keyring.js';
import type { StepAnswer, StepEvent } from '../../../src/providers/provider.js';
import { createStore } from '../../../src/store/create.js';
import { totp, wrong } from './dynamic-app.js';
import { startWalk, type Stage, type Walk } from './dynamic-walk.js';

export async function walkOfOurs(stage: Stage): Promise<Walk> {
  const { email, phone, newestCode, assertion } = stage;
  const { walk, note } = startWalk(stage);
  const homes: string[] = [];
  let ahead = 0; // milliseconds
  const now = (): number => Date.now() + ahead;
  const wallet = await importWallet(`0x${randomBytes(32).toString('hex')}`, { now });
  const open = async (): Promise<DynamicProvider> => {
    const home = await mkdtemp(join(tmpdir(), 'stepup-judge-home-'));
    homes.push(home);
    await createKeyring(createStore(home)).addWallet('judge', wallet);
    return ourClient(stage, home, now);
  };
  try {
    let dynamic = await open();
    const login = dynamic.login({ kind: 'email', email });
    let pending = await until(login, 'step');
    note('start the login by email');
    pending.step.answer({ code: await newestCode(email) });
    await finish(login);
    note('log in by email');
    await dynamic.check('credential:link');
    note('check a scope');

    const request = dynamic.request(['credential:link'], { method: 'email' });
    pending = await until(request, 'step');
    note('send a code to step up by');
    const code = await newestCode(email);
    pending.step.answer({ code: wrong(code) });
    pending = await until(request, 'step');
    note('check a wrong code');
    pending.step.answer({ code });
    await finish(request);
    note('step up by email');
    const enrolment = await dynamic.enrolTotp();
    note('register an authenticator app');
    const { id, secret } = enrolment;
    await dynamic.confirmTotp(enrolment, totp(secret));
    note('confirm it');
    await dynamic.makeDefaultMfa(id);
    note('make it the default');
    await dynamic.addPasskey();
    note('register a passkey');

    const byTotp = dynamic.request(['wallet:export'], { method: 'totp', using: id });
    await finish(byTotp, { code: totp(secret, 1) });
    note('step up by TOTP');
    const [recovery = ''] = await dynamic.recoveryCodes({ fresh: false });
    note('read the recovery codes');
    await finish(dynamic.request(['wallet:export'], { method: 'recovery' }), { code: recovery });
    note('step up by a recovery code');
    await dynamic.recoveryCodes({ fresh: true });
    note('make new recovery codes');
    await finish(dynamic.request(['credential:unlink'], { method: 'passkey' }));
    note('step up by passkey');
    await dynamic.mfaMethods();
    note('list the methods');
    await dynamic.removeMfa(id);
    note('remove the authenticator app');
    const { expiresAt } = await dynamic.accessToken();
    ahead = Date.parse(expiresAt) - Date.now() - 30_000; // a session is renewed a minute before its end
    await dynamic.accessToken();
    note('refresh');
    ahead = 0;
    await dynamic.logout();
    note('log out');
    await finish(dynamic.login({ kind: 'passkey' }));
    note('log in by passkey');
    await finish(dynamic.request(['credential:unlink'], { method: 'passkey' }));
    note('step up by passkey once more');
    const [passkey] = await dynamic.mfaMethods();
    note('list the passkeys');
    await dynamic.removeMfa(passkey?.id ?? '');
    note('remove the passkey');

    dynamic = await open();
    const bySms = dynamic.login({ kind: 'phone', phone: `+1${phone}` });
    pending = await until(bySms, 'step');
    note('start the login by SMS');
    pending.step.answer({ code: await newestCode(`+1${phone}`) });
    await finish(bySms);
    note('log in by SMS');
    const again = dynamic.request(['credential:link', 'credential:unlink'], { method: 'sms' });
    pending = await until(again, 'step');
    pending.step.answer({ code: await newestCode(`+1${phone}`) });
    await finish(again);
    note('step up by SMS');
    await dynamic.linkWallet('judge');
    note('link a wallet');
    await dynamic.unlinkWallet('judge');
    note('unlink it');

    dynamic = await open();
    await finish(dynamic.login({ kind: 'wallet', using: 'judge' }));
    note('log in by wallet');
    await finish(dynamic.request(['wallet:export'], { method: 'wallet' }));
    note('step up by wallet');

    dynamic = await open();
    const sub = email;
    await finish(dynamic.login({ kind: 'jwt', jwt: assertion({ sub }) }));
    note('log in by assertion');
    const vouched = assertion({ sub, scope: 'wallet:export' });
    await finish(dynamic.request(['wallet:export'], { assertion: vouched }));
    note('step up by assertion');
    return walk;
  } finally {
    await Promise.all(homes.map((home) => rm(home, { recursive: true, force: true })));
  }
}

function ourClient(stage: Stage, home: string, now: () => number): DynamicProvider {
  const sleep = (): Promise<never> => Promise.reject(new Error('nothing of this walk waits'));
  const { signal } = new AbortController();
  const http = createHttp({ fetch, now, sleep, signal, timeoutMs: 10_000, userAgent: 'stepup/judge' });
  const { environmentId, apiBaseUrl: apiUrl, origin } = stage;
  const target = { provider: 'dynamic' as const, environmentId, apiUrl, origin };
  return createDynamic({ target, http, store: createStore(home), now, randomBytes, sleep, signal });
}

type Events = AsyncGenerator<StepEvent, void>;

/** Goes on to the next event of this type. */
async function until<Type extends StepEvent['type']>(
  events: Events,
  type: Type,
): Promise<Extract<StepEvent, { type: Type }>> {
  for (;;) {
    const { value, done } = await events.next();
    if (done || !value) throw new Error(`The events ended without \`${type}\`.`);
    if (value.type === type) return value as Extract<StepEvent, { type: Type }>;
  }
}

/** Goes on to the end, which must be the grant or the session. Answers one step on the way. */
async function finish(events: Events, answer?: StepAnswer): Promise<void> {
  let last: StepEvent | undefined;
  let answers = answer ? [answer] : [];
  for await (const event of events) {
    last = event;
    if (event.type !== 'step') continue;
    const [next, ...rest] = answers;
    if (!next) throw new Error(`Nobody answers the step \`${event.step.key}\`.`);
    event.step.answer(next);
    answers = rest;
  }
  if (last?.type !== 'granted' && last?.type !== 'logged-in')
    throw new Error(`The events ended with \`${last?.type}\`.`);
}
