import { readdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestEmulator, type TestEmulator } from '../../support/emulator.js';
import { stepup, temporaryHome } from '../../support/stepup.js';

let home: string;
let removeHome: () => Promise<void>;

beforeEach(async () => {
  ({ home, remove: removeHome } = await temporaryHome());
});
afterEach(() => removeHome());

describe('tutorial on its own emulator', () => {
  it('walks by itself without a terminal, and shows commands, answers and the scope', async () => {
    const { status, stdout, stderr } = await stepup('tutorial', { home });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const command of [
      'emulator start',
      'hook serve',
      'config create',
      'scope add transfer:write',
      'login',
      'request',
    ]) {
      expect(stdout).toContain(`$ stepup ${command}`);
    }
    const [before, after] = stdout.split('The access token after');
    expect(before).toMatch(/^> scope +""/m);
    expect(after).toMatch(/^> scope +"transfer:write" /m);
    expect(stdout).not.toContain('eyJ');
  });

  it('leaves nothing behind (the temporary folder lies in the same place as the store here)', async () => {
    await stepup('tutorial --yes', { home });
    expect(await readdir(home)).toEqual([]);
  });

  it('prints one object a line with --json, claims last, never a token', async () => {
    const { status, stdout, lines } = await stepup('tutorial --json', { home });
    expect(status).toBe(0);
    const all = lines<{ type: string; title?: string; result?: unknown; before?: object; after?: object }>();
    const request = all.find(({ title }) => title === 'request')?.result as { type: string; grant?: object }[];
    expect(request.map(({ type }) => type)).toEqual(['challenge', 'code-sent', 'step', 'challenge', 'granted']);
    expect(request.at(-1)?.grant).toMatchObject({ scopes: ['transfer:write'], factors: ['verify_sms'] });
    expect(all.map(({ type, title }) => title ?? type)).toEqual([
      'emulator',
      'hook',
      'config',
      'scope',
      'login',
      'request',
      'check',
      'claims',
    ]);
    expect(all.at(-1)?.before).not.toHaveProperty('scope', 'transfer:write');
    expect(all.at(-1)?.after).toHaveProperty('scope', 'transfer:write');
    expect(stdout).not.toContain('eyJ');
  });

  it('asks a person for both codes and shows the SMS', async () => {
    const read = (screen: string): string => `${/your code is (\d{6})/.exec(screen)?.[1]}\r`;
    const { status, stdout, stderr } = await stepup('tutorial', {
      home,
      answers: [
        [/your code is \d{6}[^]*\?/, read],
        [/your code is \d{6}[^]*\?/, read],
      ],
    });
    expect(status).toBe(0);
    expect(stderr.match(/SMS to \+33612345678/g)).toHaveLength(2);
    expect(stdout).toContain('"transfer:write"');
  });

  it('ends with 130 at Ctrl-C in a prompt, and leaves nothing', async () => {
    const { status } = await stepup('tutorial', { home, answers: [[/your code is \d{6}[^]*\?/, '\u0003']] });
    expect(status).toBe(130);
    expect(await readdir(home)).toEqual([]);
  });

  it.each(['$ stepup hook serve', '$ stepup login', '$ stepup check'])(
    'ends with 130 when it is interrupted at "%s", says no other error, and leaves nothing',
    async (shown) => {
      const interrupt = new AbortController();
      const { status, stderr } = await stepup('tutorial', {
        home,
        signal: interrupt.signal,
        onStdout: (text) => text.includes(shown) && interrupt.abort(),
      });
      expect({ status, stderr }).toEqual({ status: 130, stderr: 'Interrupted.\n' });
      expect(await readdir(home)).toEqual([]);
    },
  );

  it('walks with another scope, and refuses one outside the pattern', async () => {
    expect((await stepup('tutorial --scope key:export', { home })).stdout).toContain('"key:export"');
    const refused = await stepup(['tutorial', '--json', '--scope', 'a b'], { home });
    expect(refused.status).toBe(2);
    expect(refused.error().code).toBe('SCOPE_INVALID');
  });

  it.each([['--direct'], ['--hook-url=https://example.com'], ['--phone=+33612345678'], ['--code=1']])(
    'refuses %s without --live',
    async (flag) => {
      const { status, error } = await stepup(`tutorial --json ${flag}`, { home });
      expect(status).toBe(2);
      expect(error().code).toBe('FLAG_CONFLICT');
    },
  );
});

describe('tutorial --live', () => {
  let emulator: TestEmulator;
  let target: string;
  let run: (command: string) => Promise<{ status: number; stdout: string; timedOut: boolean }>;

  beforeEach(async () => {
    emulator = await startTestEmulator();
    target = `--emulator=${emulator.emulator.ready.url}`;
    run = async () => {
      const messages = await emulator.control.messages();
      return { status: 0, stdout: `${messages.at(-1)?.code}\n`, timedOut: false };
    };
  });
  afterEach(() => emulator.stop());

  const codes = ['--code-command', 'read-my-phone'];
  const live = (...more: string[]): string[] => ['tutorial', '--live', '--phone', '+33612345678', target, ...more];

  it('needs a hook or --direct: status 5 that names the flag', async () => {
    const { status, error } = await stepup(live('--json'), { home });
    expect(status).toBe(5);
    expect(error()).toMatchObject({ code: 'INPUT_NEEDED', field: '--hook-url' });
  });

  it('does not write without consent: status 5 names --yes, and nothing was changed', async () => {
    const { status, error } = await stepup(live('--direct', '--json', ...codes), { home, run });
    expect(status).toBe(5);
    expect(error().field).toBe('--yes');
    const shown = await stepup(['config', 'show', target, '--json'], { home });
    expect(shown.error().code).toBe('CONFIG_MISSING');
  });

  it('says what it will change, walks directly, and puts everything back', async () => {
    const { status, stdout, stderr } = await stepup(live('--direct', '--yes', ...codes), { home, run });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stderr).toContain('a step-up configuration is made');
    expect(stderr).toContain('scope transfer:write is registered');
    expect(stdout).toContain('"transfer:write"');
    expect((await stepup(['config', 'show', target, '--json'], { home })).error().code).toBe('CONFIG_MISSING');
    expect((await stepup(['scope', 'list', target, '--json'], { home })).json()).toMatchObject({ scopes: [] });
  });

  it('prints the earlier configuration when it is not put back', async () => {
    await stepup(['config', 'create', '--hook-url', 'http://127.0.0.1:9/old', target], { home });
    const { status, stderr } = await stepup(live('--direct', ...codes), {
      home,
      run,
      answers: [
        ['Go on?', 'y\r'],
        ['previous configuration back?', 'n\r'],
      ],
    });
    expect(status).toBe(0);
    expect(stderr).toContain('Before, it was: {"jwks_url":"http://127.0.0.1:9/.well-known/jwks.json"');
  });

  it('changes nothing when the person says no', async () => {
    const { status, stderr } = await stepup(live('--direct', ...codes), { home, run, answers: [['Go on?', 'n\r']] });
    expect(status).toBe(0);
    expect(stderr).toContain('Nothing was changed.');
    expect((await stepup(['config', 'show', target, '--json'], { home })).error().code).toBe('CONFIG_MISSING');
  });

  it('puts an earlier configuration back as it was, also when a step fails, and ends with the status of the step', async () => {
    const hook = await brokenHook();
    const port = (hook.address() as AddressInfo).port;
    await stepup(['config', 'create', '--hook-url', 'http://127.0.0.1:9/old', '--step-key', 'kyc_review', target], {
      home,
    });
    const config = ['config', 'show', target, '--json'];
    const before = (await stepup(config, { home })).json();
    const { status, stderr } = await stepup(live('--hook-url', `http://127.0.0.1:${port}/`, '--yes', ...codes), {
      home,
      run,
    });
    hook.close();
    expect(status).toBe(6);
    expect(stderr).toContain('The previous configuration is back.');
    const after = (await stepup(config, { home })).json();
    expect(after).toMatchObject({ ...before, updated_at: expect.any(String) });
  });
});

function brokenHook(): Promise<Server> {
  return new Promise((done) => {
    const server = createServer((_request, response) => response.writeHead(500).end('no'));
    server.listen(0, '127.0.0.1', () => done(server));
  });
}
