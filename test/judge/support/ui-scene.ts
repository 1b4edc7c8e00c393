/** A day at the emulator: people of both services who log in and step up, well and badly. */
import { randomUUID } from 'node:crypto';
import { loggedIn, serveHttp, tokenOf, wrong, type Client, type World } from '../../emulator/prelude/client.js';

export interface Scene {
  ada: Client;
  /** Ada's open challenge: its code is sent and waits. */
  openToken: string;
  /** `X-Webhook-Signature` and body of each call of the hook. */
  hookCalls: { signature: string; body: string }[];
  close(): Promise<void>;
}

export const ADA = '+33612345678';
const BOB = '+33698765432';
const CLEO = 'cleo@example.com';

/** Plays it. The hook says `review` by SMS, and `block` for payouts. */
export async function playScene(world: World): Promise<Scene> {
  const steps = (...keys: string[]) => keys.map((key, at) => ({ order: at + 1, key, expiration_duration: 600 }));
  const hookCalls: Scene['hookCalls'] = [];
  const hook = await serveHttp((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      hookCalls.push({ signature: String(request.headers['x-webhook-signature']), body });
      const isBlocked = body.includes('payout:write');
      const grant = { grant_mode: 'session-bound', granted_for: 300, steps: steps('verify_sms') };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(isBlocked ? { status: 'block' } : { status: 'review', ...grant }));
    });
  });
  const delegated = (scope: string) => ({
    scope,
    mode: 'delegated',
    delegated: { delegation_hook: `${hook.url}/hooks/stepup` },
  });
  const direct = (scope: string, ...keys: string[]) => ({
    scope,
    mode: 'direct',
    direct: {
      identifier_types: ['phone_number', 'email_address'],
      status: 'review',
      grant_mode: 'single-use',
      granted_for: 120,
      steps: steps(...keys),
    },
  });
  await world.configure(
    [delegated('transfer:write'), delegated('payout:write'), direct('key:export', 'verify_sms', 'kyc_review')],
    { step_keys: [{ key: 'kyc_review', description: 'KYC review' }] },
  );

  const ada = await loggedIn(world, ADA);
  await stepUp(world, ada, ADA, 'transfer:write');
  const bob = await loggedIn(world, BOB);
  await bob.request('payout:write');
  const bobs = tokenOf(await bob.request('key:export'));
  await bob.sendCode(bobs);
  const code = await world.code(BOB);
  for (let tries = 0; tries < 5; tries++) await bob.checkCode(bobs, wrong(code));
  await dynamicStepUp(world, CLEO);
  const passed = tokenOf(await ada.request('key:export'));
  await ada.sendCode(passed);
  await ada.checkCode(passed, await world.code(ADA));
  const openToken = tokenOf(await ada.request('transfer:write'));
  await ada.sendCode(openToken);
  return { ada, openToken, hookCalls, close: hook.close };
}

/** Walks a challenge of one SMS step to its end. */
export async function stepUp(world: World, client: Client, to: string, scope: string): Promise<void> {
  const token = tokenOf(await client.request(scope));
  await client.sendCode(token);
  const checked = await client.checkCode(token, await world.code(to));
  await client.refreshWith(tokenOf(checked));
}

/** Logs in at Dynamic by email, and elevates by another code. */
async function dynamicStepUp(world: World, email: string): Promise<void> {
  const { apiBaseUrl, environmentId } = world.emulator.ready.dynamic;
  const call = async (path: string, body: unknown, bearer?: string): Promise<Record<string, unknown>> => {
    const response = await fetch(`${apiBaseUrl}/sdk/${environmentId}/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        origin: 'http://localhost:3000',
        'x-dyn-request-id': randomUUID(),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      },
      body: JSON.stringify(body),
    });
    return (await response.json()) as Record<string, unknown>;
  };
  const sent = await call('emailVerifications/create', { email });
  const login = { verificationUUID: sent.verificationUUID, verificationToken: await world.code(email) };
  const { minifiedJwt } = await call('emailVerifications/signin', login);
  const again = await call('emailVerifications/create', { email }, String(minifiedJwt));
  const proof = { verificationUUID: again.verificationUUID, verificationToken: await world.code(email) };
  await call('emailVerifications/verify', { ...proof, requestedScopes: ['wallet:sign'] }, String(minifiedJwt));
}
