import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createStore } from '../../../../src/store/create.js';
import { startEnvironment, type Environment } from '../../../support/dynamic-application.js';
import { temporaryHome, type Outcome, type RunOptions } from '../../../support/stepup.js';

/** The private key 1, and the address that everybody knows it by. */
const KEY = '1'.padStart(64, '0');
const ADDRESS = '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf';
/** One more than the order of secp256k1 (SEC 2 §2.4.1) allows for a key. */
const ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';

let env: Environment;
beforeAll(async () => {
  env = await startEnvironment();
});
beforeEach(() => env.control.settings({ dynamic: { multipleSignInCredentials: true } }));
afterEach(() => env.reset());
afterAll(() => env.close());

const offline = { fetch: () => Promise.reject(new Error('the network was used')) };
const byCommand = ['--code-command', 'inbox'];

interface Kept {
  address: string;
  privateKey: string;
}
async function kept(home = env.home): Promise<[name: string, Kept][]> {
  return Object.entries(await createStore(home).keyring('wallets')) as never;
}
const importing = (args: string, options: Partial<RunOptions> = {}): Promise<Outcome> =>
  env.run(`wallet import ${args} --json`, { ...offline, stdin: `0x${KEY}\n`, ...options });

describe('wallet create', () => {
  test('makes a wallet, without a login or the network, and prints its address and never its key', async () => {
    const { status, stdout, stderr, json } = await env.run('wallet create --json', offline);
    expect(status).toBe(0);
    const [[name, wallet]] = (await kept()) as [[string, Kept]];
    expect(json()).toEqual({ wallet: { name: 'main', address: wallet.address } });
    expect(name).toBe('main');
    expect(wallet.address).toMatch(/^0x[0-9a-fA-F]{40}$/);
    expect(stdout + stderr).not.toContain(wallet.privateKey.slice(2));
  });

  test('in a pipe prints the bare address', async () => {
    const { stdout, stderr } = await env.run('wallet create --name second', offline);
    const [[, wallet]] = (await kept()) as [[string, Kept]];
    expect(stdout).toBe(`${wallet.address}\n`);
    expect(stderr).toContain('stepup wallet link second');
  });

  test('a name that is taken is 2, and the wallet stays', async () => {
    await env.run('wallet create', offline);
    const before = await kept();
    const { status, error } = await env.run('wallet create --json', offline);
    expect([status, error().code, error().field]).toEqual([2, 'WALLET_EXISTS', '--name']);
    expect(await kept()).toEqual(before);
  });

  test('of two at once of one name, one is made', async () => {
    const outcomes = await Promise.all([env.run('wallet create --json'), env.run('wallet create --json')]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual([0, 2]);
    expect(await kept()).toHaveLength(1);
  });

  test.each([
    ['empty', ''],
    ['with a blank', 'my wallet'],
    ['a path', '../main'],
    ['a prototype', '__proto__'],
    ['a constructor', 'constructor'],
    ['of 65 characters', 'x'.repeat(65)],
    ['huge', 'x'.repeat(100_000)],
    ['with a control character', 'a\u001b[2Jb'],
    ['not Latin', 'кошелёк'],
  ])('a name that is %s is 2', async (_, name) => {
    const { status, error } = await env.run(['wallet', 'create', '--name', name, '--json'], offline);
    expect([status, error().code, error().field]).toEqual([2, 'FLAG_INVALID', '--name']);
    expect(error().message.length).toBeLessThan(200);
    expect(await kept()).toEqual([]);
  });
});

describe('wallet import', () => {
  test.each([
    ['with 0x', `0x${KEY}\n`],
    ['without', KEY],
    ['in capitals, with line ends around it', `\r\n  ${KEY.toUpperCase()}  \r\n`],
  ])('takes a key from standard input %s', async (_, stdin) => {
    const { status, json } = await importing('-', { stdin });
    expect([status, json()]).toEqual([0, { wallet: { name: 'main', address: ADDRESS } }]);
    expect(await kept()).toMatchObject([['main', { address: ADDRESS, privateKey: `0x${KEY}` }]]);
  });

  test('takes a key from a file, under a name', async () => {
    await mkdir(env.home, { recursive: true });
    const file = join(env.home, 'key.txt');
    await writeFile(file, `${KEY}\n`);
    const { status, stdout, stderr } = await env.run(['wallet', 'import', file, '--name', 'one'], offline);
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${ADDRESS}\n` });
    expect(stderr).not.toContain(KEY);
    expect((await kept()).map(([name]) => name)).toEqual(['one']);
  });

  test('asks for it in a terminal, unseen; what is no key is asked for again', async () => {
    const { status, stdout, stderr } = await env.run('wallet import', {
      ...offline,
      answers: [
        ['Private key', 'abc\r'],
        ['It has 64 hex digits', `\u007f\u007f\u007f${KEY}\r`],
      ],
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: `Wallet main is here: ${ADDRESS}\n` });
    expect(stderr).not.toContain(KEY);
  });

  test('Ctrl-C at the prompt is 130, and nothing is kept', async () => {
    const { status } = await env.run('wallet import', { ...offline, answers: [['Private key', `${KEY}\u0003`]] });
    expect(status).toBe(130);
    expect(await kept()).toEqual([]);
  });

  test('with nobody to ask is 5', async () => {
    for (const args of ['wallet import --json', 'wallet import --no-input --json']) {
      const { status, error } = await env.run(args, { ...offline, stdin: KEY });
      expect([status, error().code, error().field]).toEqual([5, 'INPUT_NEEDED', 'file']);
    }
    expect(await kept()).toEqual([]);
  });

  test.each([
    ['empty', '', 'FLAG_INVALID'],
    ['blank', ' \n ', 'FLAG_INVALID'],
    ['a byte short', KEY.slice(2), 'KEY_INVALID'],
    ['a byte long', `${KEY}00`, 'KEY_INVALID'],
    ['no hex', 'g'.repeat(64), 'KEY_INVALID'],
    ['zero', '0'.repeat(64), 'KEY_INVALID'],
    ['the order of the curve', ORDER, 'KEY_INVALID'],
    ['two keys', `${KEY}\n${KEY}`, 'KEY_INVALID'],
    ['huge', 'f'.repeat(2 * 1024 * 1024), 'FLAG_INVALID'],
    ['binary', '\u0000\u0001\u001b[2J', 'KEY_INVALID'],
  ])('an input that is %s is 2, is not quoted, and nothing is kept', async (_, stdin, code) => {
    const { status, error, stderr } = await importing('-', { stdin });
    expect([status, error().code]).toEqual([2, code]);
    expect(stderr).not.toMatch(/[0-9a-f]{60}/);
    expect(stderr).not.toContain('\u001b');
    expect(await kept()).toEqual([]);
  });

  test('a key on the command line is 2, and does not come back in the error', async () => {
    const words = 'abandon '.repeat(12).trim();
    for (const given of [KEY, `0x${KEY}`, ` ${KEY}`, KEY.slice(1), words]) {
      const { status, error, stderr } = await env.run(['wallet', 'import', given, '--json'], offline);
      expect([status, error().code]).toEqual([2, 'FLAG_INVALID']);
      expect(stderr).not.toContain(given.trim());
    }
    expect(await kept()).toEqual([]);
  });

  test('a file that is not there, or is a folder, is 2', async () => {
    for (const file of [join(env.home, 'nothing'), '/']) {
      const { status, error } = await env.run(['wallet', 'import', file, '--json'], offline);
      expect([status, error().code]).toEqual([2, 'FILE_UNREADABLE']);
    }
  });

  test('a key that is here under another name is 2, and says which', async () => {
    await importing('-');
    const { status, error } = await importing('- --name other');
    expect([status, error().code]).toEqual([2, 'WALLET_EXISTS']);
    expect(error().message).toContain('"main"');
  });

  test('a name that is taken is 2 before the key is read', async () => {
    await importing('-');
    const { status, error } = await env.run('wallet import --json', { ...offline, tty: true });
    expect([status, error().code]).toEqual([2, 'WALLET_EXISTS']);
  });
});

describe('wallet list', () => {
  const row = (more: object): object => ({ address: ADDRESS, embedded: false, ...more });

  test('works logged out, and offline', async () => {
    await importing('-');
    const { status, stderr, json } = await env.run('wallet list --json', offline);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(json()).toEqual({ wallets: [row({ name: 'main', keptHere: true, linked: null, usable: null })] });
    expect((await env.run('wallet list', offline)).stdout).toBe(`main\t${ADDRESS}\there\t?\t?\n`);
    await env.login();
    const cut = await env.run('wallet list --json', {
      fetch: () =>
        Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) })),
    });
    expect(cut.status).toBe(0);
    expect(cut.json()).toEqual(json());
    expect(cut.stderr).toContain('Which are linked is not known');
  });

  test('without any says how to make one', async () => {
    expect(await env.run('wallet list', offline)).toMatchObject({
      status: 0,
      stdout: '',
      stderr: expect.stringContaining('stepup wallet create'),
    });
    expect((await env.run('wallet list --json', offline)).json()).toEqual({ wallets: [] });
  });

  test('logged in, says which are linked, and those whose key is elsewhere', async () => {
    await env.login();
    await importing('-');
    await env.run('wallet create --name second');
    const unlinked = (await env.run('wallet list --json')).json<{ wallets: object[] }>();
    expect(unlinked.wallets[0]).toEqual(
      row({ name: 'main', keptHere: true, linked: false, usable: false, problem: 'not linked' }),
    );
    await env.run(['wallet', 'link', 'main', ...byCommand], { run: env.shell });
    const linked = (await env.run('wallet list --json')).json<{ wallets: object[] }>();
    expect(linked.wallets[0]).toEqual(
      row({ name: 'main', keptHere: true, linked: true, usable: true, credentialId: expect.any(String) }),
    );
    await createStore(env.home).updateKeyring('wallets', (all) => void all.delete('main'));
    const lost = (await env.run('wallet list --json')).json<{ wallets: object[] }>();
    expect(lost.wallets[1]).toEqual(
      row({
        keptHere: false,
        linked: true,
        usable: false,
        problem: 'its key is not here',
        credentialId: expect.any(String),
      }),
    );
    expect((await env.run('wallet list')).stdout.split('\n')[1]).toBe(
      `-\t${ADDRESS}\tnot here\tyes\tno (its key is not here)`,
    );
  });

  test('a wallet that the service keeps cannot step up', async () => {
    await env.login();
    const embedded = {
      id: 'e1',
      format: 'blockchain',
      address: ADDRESS,
      chain: 'eip155',
      wallet_provider: 'embeddedWallet',
      signInEnabled: true,
    };
    const { json } = await env.run('wallet list --json', {
      fetch: async (input, init) => {
        const user = (await (await fetch(input, init)).json()) as { verifiedCredentials: object[] };
        return Response.json({ ...user, verifiedCredentials: [...user.verifiedCredentials, embedded] });
      },
    });
    expect(json()).toEqual({
      wallets: [
        {
          address: ADDRESS,
          keptHere: false,
          linked: true,
          embedded: true,
          usable: false,
          problem: 'embedded: it cannot step up',
          credentialId: 'e1',
        },
      ],
    });
  });

  test('a wallet in the store that cannot be read is 1, and quotes nothing of it', async () => {
    await createStore(env.home).updateKeyring('wallets', (all) => void all.set('main', { privateKey: KEY }));
    for (const args of ['wallet list --json', 'wallet create --name other --json', 'wallet link main --json']) {
      const { status, error, stderr } = await env.run(args, offline);
      expect([status, error().code]).toEqual([1, 'STORE_CORRUPTED']);
      expect(stderr).not.toContain(KEY);
    }
  });
});

describe('wallet link', () => {
  test('steps up first, and links it; the user can step up with it then', async () => {
    await env.login();
    await importing('-');
    const { status, stderr, json } = await env.run(['wallet', 'link', 'main', ...byCommand, '--json'], {
      run: env.shell,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(json()).toMatchObject({
      credential: { format: 'blockchain', label: ADDRESS, signInEnabled: true, embedded: false, wallet: 'main' },
      changed: true,
    });
    expect((await env.run('request wallet:export --method wallet --json')).lines().at(-1)).toMatchObject({
      type: 'granted',
      grant: { factors: ['verify_wallet'] },
    });
  });

  test('one that is linked stays so, without a step-up', async () => {
    await env.login();
    await importing('-');
    await env.run(['wallet', 'link', 'main', ...byCommand], { run: env.shell });
    await env.run('reset --grants');
    const { status, stdout, stderr } = await env.run('wallet link main');
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'Wallet main is linked already.\n' });
    expect(stderr).not.toContain('stepping up');
  });

  test('one that is not enabled for sign-in is told so', async () => {
    await env.control.settings({ dynamic: { multipleSignInCredentials: false } });
    await env.login();
    await importing('-');
    const { status, stderr } = await env.run(['wallet', 'link', 'main', ...byCommand], { run: env.shell });
    expect(status).toBe(0);
    expect(stderr).toContain('not enabled for sign-in');
    expect((await env.run('wallet list --json')).json()).toMatchObject({
      wallets: [{ linked: true, usable: false, problem: 'not enabled for sign-in' }],
    });
  });

  test('another user’s wallet is 3', async () => {
    await importing('-');
    await env.run('login --wallet main');
    const { home, remove } = await temporaryHome();
    await env.run(['login', '--email', 'grace@example.com', ...byCommand], { run: env.shell, home });
    await importing('-', { home });
    const { status, error } = await env.run(['wallet', 'link', 'main', ...byCommand, '--json'], {
      run: env.shell,
      home,
    });
    expect([status, error()]).toMatchObject([3, { code: 'REFUSED', serviceCode: 'reassign_wallet_confirm' }]);
    expect(await kept(home)).toHaveLength(1);
    await remove();
  });

  test('a name that is not there is 2 before anybody is asked', async () => {
    for (const name of ['nobody', '', '__proto__', 'constructor', 'x'.repeat(100_000), 'a\u001b[2J']) {
      const { status, error } = await env.run(['wallet', 'link', name, '--json'], offline);
      expect([name, status, error().code]).toEqual([name, 2, 'WALLET_UNKNOWN']);
      expect(error().message.length).toBeLessThan(200);
    }
  });

  test('Ctrl-C in the step-up is 130, and links nothing; logged out is 4', async () => {
    await importing('-');
    expect((await env.run('wallet link main --json')).status).toBe(4);
    await env.login();
    const { status } = await env.run('wallet link main', { answers: [['Code sent by email', '\u0003']] });
    expect(status).toBe(130);
    expect((await env.run('wallet list --json')).json()).toMatchObject({ wallets: [{ linked: false }] });
  });
});

describe('wallet unlink', () => {
  beforeEach(async () => {
    await env.login();
    await importing('-');
    await env.run(['wallet', 'link', 'main', ...byCommand], { run: env.shell });
  });
  const linked = async (): Promise<boolean | null | undefined> =>
    (await env.run('wallet list --json')).json<{ wallets: { linked: boolean | null }[] }>().wallets[0]?.linked;

  test.each([
    ['its name', () => 'main'],
    ['its address', () => ADDRESS],
    ['its address in small letters', () => ADDRESS.toLowerCase()],
    [
      'the credential’s id',
      async () =>
        (await env.run('wallet list --json')).json<{ wallets: { credentialId: string }[] }>().wallets[0]!.credentialId,
    ],
  ])('by %s steps up by the wallet itself, unlinks it, and keeps its key', async (_, which) => {
    const args = ['request', 'credential:unlink', '--method', 'wallet'];
    expect((await env.run(args)).status).toBe(0);
    const { status, stdout, stderr } = await env.run(['wallet', 'unlink', await which(), '--yes']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: `The wallet main (${ADDRESS}) is unlinked.\n` });
    expect(stderr).toContain('Its key stays in the store, as main.');
    expect(await linked()).toBe(false);
    expect(await kept()).toHaveLength(1);
  });

  test('no, Ctrl-C, and nobody to ask leave it', async () => {
    const no = await env.run('wallet unlink main', { answers: [['Unlink the wallet main', 'n\r']] });
    const left = await env.run('wallet unlink main', { answers: [['Unlink the wallet main', '\u0003']] });
    const alone = await env.run('wallet unlink main --json');
    expect([no.status, left.status, alone.status, alone.error().field]).toEqual([0, 130, 5, '--yes']);
    expect(no.stdout).toBe('Nothing was unlinked.\n');
    expect(await linked()).toBe(true);
  });

  test('what is no linked wallet of the user is 2', async () => {
    await env.run('wallet create --name second');
    for (const which of ['second', '', 'ada@example.com', '0x', 'x'.repeat(100_000), '__proto__']) {
      const { status, error } = await env.run(['wallet', 'unlink', which, '--yes', '--json']);
      expect([which, status, error().code]).toEqual([which, 2, 'CREDENTIAL_UNKNOWN']);
    }
    expect(await linked()).toBe(true);
  });
});
