/** The walk by the official client. */
import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { expect } from 'vitest';
import {
  createPasskey,
  creationOptionsSchema,
  requestOptionsSchema,
  usePasskey,
  type Passkey,
} from '../../../src/authenticator/passkey.js';
import { totp, wrong } from './dynamic-app.js';
import { openDynamicClient, watch, type DynamicClient, type Passkeys } from './dynamic-client.js';
import { startWalk, type Stage, type Walk } from './dynamic-walk.js';
import { createWallet } from './dynamic-wallet.js';

export async function walkOfSdk(stage: Stage): Promise<Walk> {
  const { apiBaseUrl, environmentId, origin, email, phone, newestCode, assertion } = stage;
  const { walk, note } = startWalk(stage);
  const { watched: fetch, idle } = watch(globalThis.fetch);
  const done = async (step: string): Promise<void> => {
    await idle();
    note(step);
  };
  const open = (more: Partial<Parameters<typeof openDynamicClient>[0]> = {}): Promise<DynamicClient> =>
    openDynamicClient({ apiBaseUrl, environmentId, origin, fetch, ...more });

  let client = await open({ passkeys: passkeysOf(origin) });
  let sent = await client.sendEmail(email);
  await done('start the login by email');
  await client.verifyCode(sent, await newestCode(email));
  await done('log in by email');
  expect(await client.check('credential:link')).toMatchObject({ isRequired: true });
  await done('check a scope');

  sent = await client.sendEmail(email);
  await done('send a code to step up by');
  const code = await newestCode(email);
  const link = { scopes: ['credential:link'] };
  await expect(client.verifyCode(sent, wrong(code), link)).rejects.toMatchObject({ name: 'APIError', status: 422 });
  await done('check a wrong code');
  await client.verifyCode(sent, code, link);
  await done('step up by email');
  const { id, secret } = await client.registerTotp();
  await done('register an authenticator app');
  await client.verifyTotp(totp(secret), { deviceId: id });
  await done('confirm it');
  await client.setDefaultMfaDevice(id);
  await done('make it the default');
  await client.registerPasskey();
  await done('register a passkey');

  await client.verifyTotp(totp(secret, 1), { deviceId: id, scopes: ['wallet:export'] });
  await done('step up by TOTP');
  const [recovery = ''] = await client.recoveryCodes();
  await done('read the recovery codes');
  await client.verifyRecoveryCode(recovery, ['wallet:export']);
  await done('step up by a recovery code');
  await client.newRecoveryCodes();
  await done('make new recovery codes');
  await client.verifyPasskey(['credential:unlink']);
  await done('step up by passkey');
  await client.mfaMethods();
  await done('list the methods');
  await client.deleteMfaDevice(id);
  await done('remove the authenticator app');
  await client.refreshAuth();
  await done('refresh');
  await client.logout();
  await done('log out');
  await client.signInWithPasskey();
  await done('log in by passkey');
  await client.verifyPasskey(['credential:unlink']);
  await done('step up by passkey once more');
  const [passkey] = await client.passkeys();
  await done('list the passkeys');
  await client.deletePasskey(passkey?.id ?? '');
  await done('remove the passkey');

  const wallet = createWallet();
  client = await open({ wallet });
  sent = await client.sendSms('US', phone);
  await done('start the login by SMS');
  await client.verifyCode(sent, await newestCode(`+1${phone}`));
  await done('log in by SMS');
  sent = await client.sendSms('US', phone);
  const links = { scopes: ['credential:link', 'credential:unlink'] };
  await client.verifyCode(sent, await newestCode(`+1${phone}`), links);
  await done('step up by SMS');
  await client.connectWallet(wallet.provider.key);
  await done('link a wallet');
  await client.removeWallet();
  await done('unlink it');

  client = await open({ wallet });
  await client.connectWallet(wallet.provider.key);
  await done('log in by wallet');
  await client.verifyWallet(['wallet:export']);
  await done('step up by wallet');

  client = await open();
  const sub = email;
  await client.signInWithAssertion(assertion({ sub }));
  await done('log in by assertion');
  await client.elevateByAssertion(assertion({ sub, scope: 'wallet:export' }));
  await done('step up by assertion');
  return walk;
}

/** Our authenticator under their client: so what differs in the calls is the clients' doing. */
function passkeysOf(origin: string): Passkeys {
  const held: Passkey[] = [];
  return {
    isSupported: () => true,
    async register({ optionsJSON }) {
      const world = { origin, held, randomBytes, now: Date.now };
      const { passkey, response } = await createPasskey(v.parse(creationOptionsSchema, optionsJSON), world);
      held.push(passkey);
      return response;
    },
    async authenticate({ optionsJSON }) {
      const [passkey] = held;
      if (!passkey) throw new Error('There is no passkey.');
      return usePasskey(passkey, v.parse(requestOptionsSchema, optionsJSON), { origin });
    },
  };
}
