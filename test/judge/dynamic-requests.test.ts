/**
 * The client's requests and ours for the same walk, side by side: method, path with query, headers, body fields, and what a wallet
 * signs. Each difference is listed below with its reason. One that is not listed fails, and so does one that is listed and gone.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEmulator, type TestEmulator } from '../support/emulator.js';
import { ORIGIN } from './support/dynamic-app.js';
import { startBackend, type Backend } from './support/dynamic-environment.js';
import { always, dynamicShapeOf } from './support/dynamic-shape.js';
import { walkOfOurs } from './support/dynamic-walk-ours.js';
import { walkOfSdk } from './support/dynamic-walk-sdk.js';
import type { Stage, Walk } from './support/dynamic-walk.js';
import { startRecorder, type Recorded, type Recorder } from './support/recorder.js';
import { differences, type Shape } from './support/request-shape.js';

const IN_ADVANCE =
  'Their client fetches nonces in the background, as soon as at most one is left. We fetch them when one is needed.';
const SETTINGS =
  'A page goes on after a logout, so their client reads the settings again at once. We read them at the next login.';
const SHOWN = 'Our command shows the method that it has changed, and finds a device or passkey by either of its ids.';
const LOOKED_UP =
  'We look first which factors the user has, as the prompts of their UI do: so that what cannot be proved is refused before it is asked for.';
const PENDING = 'We list the devices too that wait for their first code.';
const ONE_LIST = 'We list devices and passkeys by one call, which says of a passkey as well whether it is the default.';
const CONNECTED =
  'Their client reports which wallet was connected, for the statistics of the dashboard; nothing depends on it.';
const WALLET_NAME = 'It names the wallet that signs, which is another one.';
const STATEMENT =
  'The words are each client’s own, for whoever reads before signing; the service must not match on them.';
const LEFT_OUT = 'The service demands the token there. Their client leaves it out; we attach it.';
const PRODUCT = 'Each says who it is.';
const JSON_ONLY = 'The generated client asks for nothing in particular; we take JSON.';

/** Differences that are meant, each with its reason. */
const REASONS: Record<string, string> = {
  'every call: header accept: */*, the SDK only': JSON_ONLY,
  'every call: header accept: application/json, we only': JSON_ONLY,
  'every call: header user-agent: node, the SDK only': PRODUCT,
  'every call: header user-agent: stepup/judge, we only': PRODUCT,

  'start the login by email: GET nonces?count=5 is sent by the SDK only': IN_ADVANCE,
  'log in by email: GET nonces?count=5 is sent by us only': IN_ADVANCE,
  'refresh: GET nonces?count=5 is sent by the SDK only': IN_ADVANCE,
  'start the login by SMS: GET nonces?count=5 is sent by the SDK only': IN_ADVANCE,
  'log in by SMS: GET nonces?count=5 is sent by us only': IN_ADVANCE,
  'link a wallet: GET nonces?count=5 is sent by the SDK only': IN_ADVANCE,

  'log out: GET settings?sdkVersion=ClientSDK%2F1.27.1 is sent by the SDK only': SETTINGS,
  'log in by passkey: GET settings?sdkVersion=ClientSDK%2F1.27.1 is sent by us only': SETTINGS,

  'confirm it: GET users/mfa/methods is sent by us only': SHOWN,
  'make it the default: GET users/mfa/methods is sent by us only': SHOWN,
  'register a passkey: GET users/mfa/methods is sent by us only': SHOWN,
  'remove the authenticator app: GET users/mfa/methods is sent by us only': SHOWN,
  'remove the passkey: GET users/mfa/methods is sent by us only': SHOWN,
  'step up by TOTP: GET users/mfa/methods?verifiedOnly=true is sent by us only': LOOKED_UP,
  'step up by a recovery code: GET users/mfa/methods?verifiedOnly=true is sent by us only': LOOKED_UP,
  'step up by passkey: GET users/mfa/methods?verifiedOnly=true is sent by us only': LOOKED_UP,
  'step up by passkey once more: GET users/mfa/methods?verifiedOnly=true is sent by us only': LOOKED_UP,
  'list the methods: GET users/mfa/methods?verifiedOnly=true is sent by the SDK only': PENDING,
  'list the methods: GET users/mfa/methods is sent by us only': PENDING,
  'list the passkeys: GET users/passkeys is sent by the SDK only': ONE_LIST,
  'list the passkeys: GET users/mfa/methods is sent by us only': ONE_LIST,

  'log in by wallet: POST connect is sent by the SDK only': CONNECTED,
  'link a wallet: POST connect is sent by the SDK only': CONNECTED,
  ...differentWallet('log in by wallet: POST wallets/signin'),
  ...differentWallet('step up by wallet: POST wallets/verify'),
  ...differentWallet('link a wallet: POST verify/link'),
  'link a wallet: POST verify/link: header x-dyn-elevated-access-token: a JWT for credential:link credential:unlink, we only':
    LEFT_OUT,
  'unlink it: POST verify/unlink: header x-dyn-elevated-access-token: a JWT for credential:link credential:unlink, we only':
    LEFT_OUT,
};

function differentWallet(call: string): Record<string, string> {
  return {
    [`${call}: body walletName: judgewalletevm, the SDK only`]: WALLET_NAME,
    [`${call}: body walletName: stepupevm, we only`]: WALLET_NAME,
    [`${call}: body messageToSign, line 4: Welcome to Judge, the SDK only`]: STATEMENT,
    [`${call}: body messageToSign, line 4: This signature shows that the wallet is yours, we only`]: STATEMENT,
  };
}

/** The requests of one walk: as they came, and by its steps. */
interface Seen {
  requests: Recorded[];
  walk: Walk;
}

describe('our requests beside those of @dynamic-labs-sdk/client 1.27.1', () => {
  let started: TestEmulator;
  let recorder: Recorder;
  let backend: Backend;
  let theirs: Seen;
  let ours: Seen;

  beforeAll(async () => {
    started = await startTestEmulator();
    const { emulator, folder, control, stop } = started;
    recorder = await startRecorder({ ...emulator, folder, stop });
    backend = await startBackend();
    await control.settings({
      dynamic: {
        externalAuth: { jwksUrl: backend.jwksUrl },
        // Where their client leaves its elevated token out, it would be refused.
        enforce: { 'verify/link': false, 'verify/unlink': false },
      },
    });
    theirs = await see(walkOfSdk, { email: 'theirs@example.com', phone: '2025550147' });
    ours = await see(walkOfOurs, { email: 'ours@example.com', phone: '2025550148' });
  });

  afterAll(async () => {
    await backend?.close();
    await recorder?.close();
    await started?.stop();
  });

  async function see(walk: (stage: Stage) => Promise<Walk>, user: Pick<Stage, 'email' | 'phone'>): Promise<Seen> {
    const { environmentId } = started.emulator.ready.dynamic;
    const requests: Recorded[] = [];
    const stage: Stage = {
      ...user,
      apiBaseUrl: `${recorder.url}/api/v0`,
      environmentId,
      origin: ORIGIN,
      assertion: backend.assertion,
      async newestCode(to) {
        const newest = (await started.control.messages({ to })).at(-1);
        if (!newest) throw new Error(`Nothing was sent to ${to}.`);
        return newest.code;
      },
      take() {
        const fresh = recorder.take();
        requests.push(...fresh);
        return fresh.map((request) => dynamicShapeOf(request, environmentId));
      },
    };
    return { walk: await walk(stage), requests };
  }

  it('differ only where there is a reason', () => {
    expect([...ours.walk.keys()]).toEqual([...theirs.walk.keys()]);
    expect([...theirs.walk.values()].every((shapes) => shapes.length > 0)).toBe(true);
    expect(compare(theirs.walk, ours.walk).toSorted()).toEqual(Object.keys(REASONS).toSorted());
  });

  it('are new where theirs are: an id each, one for a client, a key for a session, one for a device, a nonce for a signature', () => {
    for (const { requests } of [theirs, ours]) {
      const valuesOf = (name: string): string[] => requests.flatMap(({ headers }) => headers[name] ?? []);
      const distinct = (name: string): number => new Set(valuesOf(name)).size;
      expect(distinct('x-dyn-request-id')).toBe(requests.length);
      expect(distinct('x-dyn-session-id')).toBe(4);
      expect(distinct('x-dyn-session-public-key')).toBe(5);
      expect(distinct('x-dynamic-device-publickey')).toBe(4);
      expect(distinct('x-dynamic-device-nonce')).toBe(valuesOf('x-dynamic-device-signed-nonce').length);
    }
  });

  it('are answered alike', () => {
    const refused = ({ requests }: Seen): string[] =>
      requests
        .filter(({ status }) => status >= 400)
        .map(({ path, status }) => `${path.replace(/^.*\/sdk\/[^/]+\//, '')} ${status}`);
    expect(refused(theirs)).toEqual(['emailVerifications/verify 422']);
    expect(refused(ours)).toEqual(refused(theirs));
  });
});

/** The differences; those of every call once. */
function compare(theirs: Walk, ours: Walk): string[] {
  const [all, allOurs] = [theirs, ours].map((walk) => [...walk.values()].flat()) as [Shape[], Shape[]];
  const [sdk, us] = [always(all, allOurs), always(allOurs, all)];
  const less = (shapes: Shape[], known: string[]): Shape[] =>
    shapes.map(({ call, facts }) => ({ call, facts: facts.filter((fact) => !known.includes(fact)) }));
  return [
    ...sdk.map((fact) => `every call: ${fact}, the SDK only`),
    ...us.map((fact) => `every call: ${fact}, we only`),
    ...[...theirs].flatMap(([step, shapes]) => differences(step, less(shapes, sdk), less(ours.get(step) ?? [], us))),
  ];
}
