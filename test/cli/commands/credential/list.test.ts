import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EMAIL, startEnvironment, type Environment } from '../../../support/dynamic-application.js';
import type { RunOptions } from '../../../support/stepup.js';

/** The private key 1, and the address that everybody knows it by. */
const KEY = '1'.padStart(64, '0');
const ADDRESS = '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf';

let env: Environment;
beforeAll(async () => {
  env = await startEnvironment();
});
afterEach(() => env.reset());
afterAll(() => env.close());

const rows = async (options: Partial<RunOptions> = {}): Promise<string[][]> =>
  (await env.run('credential list', options)).stdout
    .trimEnd()
    .split('\n')
    .map((row) => row.split('\t'));

/** The service, with more credentials in the user than the emulator has kinds of. */
function withMore(...more: object[]): Partial<RunOptions> {
  return {
    fetch: async (input, init) => {
      const user = (await (await fetch(input, init)).json()) as { verifiedCredentials: object[] };
      return Response.json({ ...user, verifiedCredentials: [...user.verifiedCredentials, ...more] });
    },
  };
}

describe('credential list', () => {
  test('has what the user has proved, and marks what opened the session', async () => {
    await env.login();
    const { status, json } = await env.run('credential list --json');
    expect(status).toBe(0);
    expect(json()).toEqual({
      credentials: [
        {
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          format: 'email',
          label: EMAIL,
          signInEnabled: true,
          verifiedAt: expect.stringMatching(/Z$/),
          embedded: false,
          openedSession: true,
        },
      ],
    });
    expect((await rows())[0]!.toSpliced(1, 1)).toEqual(['*', 'email', EMAIL, 'yes', expect.stringMatching(/Z$/)]);
    const { stdout } = await env.run('credential list', { tty: true, env: { NO_COLOR: '1' } });
    expect(stdout.split('\n')[0]).toMatch(/ID +METHOD +IDENTITY +STEP-UP +VERIFIED/);
  });

  test('names a wallet of the store, and says when its key is not there', async () => {
    await env.control.settings({ dynamic: { multipleSignInCredentials: true } });
    await env.login();
    await env.run('wallet import - --name main', { stdin: `0x${KEY}\n` });
    await env.run(['request', 'credential:link', '--code-command', 'inbox'], { run: env.shell });
    expect(await env.run('wallet link main')).toMatchObject({ status: 0 });
    const [, wallet] = await rows();
    expect(wallet!.toSpliced(1, 1).slice(0, 4)).toEqual([' ', 'wallet', ADDRESS, 'yes (wallet main)']);
    const address = '0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF';
    const foreign = { id: 'w2', format: 'blockchain', address, signInEnabled: true };
    expect((await rows(withMore(foreign)))[2]).toEqual([
      ' ',
      'w2',
      'wallet',
      address,
      'no (its key is not in the store)',
      '-',
    ]);
  });

  test('says why another cannot be used to step up', async () => {
    await env.login();
    const more = withMore(
      { id: 'e1', format: 'blockchain', address: ADDRESS, wallet_provider: 'embeddedWallet', signInEnabled: true },
      { id: 'p1', format: 'phoneNumber', phoneCountryCode: '1', phoneNumber: '5551234242', isoCountryCode: 'US' },
      { id: 'o1', format: 'oauth', oauth_provider: 'google', oauth_display_name: 'Ada', signInEnabled: true },
      { id: 'x1', format: 'externalUser', public_identifier: 'u-7', signInEnabled: true },
      { id: 'n1', format: 'farcaster', public_identifier: 'ada', signInEnabled: true },
    );
    expect((await rows(more)).slice(1)).toEqual([
      [' ', 'e1', 'wallet', ADDRESS, 'no (embedded wallet)', '-'],
      [' ', 'p1', 'sms', '+15551234242', 'no (not enabled for sign-in)', '-'],
      [' ', 'o1', 'social', 'google: Ada', 'no (not in a terminal)', '-'],
      [' ', 'x1', 'externalUser', 'u-7', 'no (by --assertion only)', '-'],
      [' ', 'n1', 'farcaster', 'ada', 'no (not in a terminal)', '-'],
    ]);
    const { credentials } = (await env.run('credential list --json', more)).json<{ credentials: object[] }>();
    expect(credentials[1]).toMatchObject({ id: 'e1', embedded: true, signInEnabled: true, openedSession: false });
  });

  test('a name from the service cannot steer the terminal', async () => {
    await env.login();
    const odd = withMore({ id: 'n1', format: 'email', email: 'a\u001b[2J\tb\nc', signInEnabled: true });
    const { stdout } = await env.run('credential list', odd);
    expect(stdout).not.toContain('\u001b');
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  });

  test('nobody logged in is 4; a session that the service has ended, too', async () => {
    const nobody = await env.run('credential list --json');
    expect([nobody.status, nobody.error().code]).toEqual([4, 'NOT_LOGGED_IN']);
    await env.login();
    await env.control.clearState();
    const over = await env.run('credential list --json');
    expect([over.status, over.error().code]).toEqual([4, 'SESSION_OVER']);
  });
});
