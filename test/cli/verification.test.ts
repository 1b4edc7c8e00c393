import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createKeyStore } from '../../src/backend/key-store.js';
import { createSigningKey } from '../../src/backend/keys.js';
import { createTerminal } from '../../src/cli/terminal/terminal.js';
import {
  createVerificationSource,
  type VerificationFlags,
  type VerificationSource,
} from '../../src/cli/verification.js';
import { createStore } from '../../src/store/create.js';
import type { Env, System } from '../../src/system.js';

const step = { challengeId: 'chl_1', key: 'kyc_review', userId: 'usr_1', scope: 'transfer:write' };
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = (jti: string): string => `${part({ alg: 'RS256', kid: 'k1' })}.${part({ jti })}.c2ln`;

let folder: string;
let stdin: PassThrough & { isTTY?: boolean };
let stderr: PassThrough;
let stop: AbortController;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepup-verification-'));
  stdin = new PassThrough();
  stderr = new PassThrough();
  stop = new AbortController();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function source(flags: VerificationFlags, more: Partial<System> = {}): Promise<VerificationSource> {
  const base = { stdin, stdout: new PassThrough(), stderr, env: {}, argv: [], signal: stop.signal };
  const system = { ...base, now: Date.now, randomBytes, home: folder, ...more } as unknown as System;
  const terminal = await createTerminal(system, { json: false, input: true });
  return createVerificationSource({ system, terminal, store: createStore(folder, { signal: stop.signal }) }, flags);
}

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

describe('--verification-token', () => {
  test('files, one a step in order; then nobody is there to ask', async () => {
    const flags = { verificationToken: [await file('one', `${token('1')}\n`), await file('two', token('2'))] };
    const tokens = await source(flags);
    expect([await tokens.next(step), await tokens.next(step)]).toEqual([token('1'), token('2')]);
    await expect(tokens.next(step)).rejects.toMatchObject({ code: 'INPUT_NEEDED' });
  });

  test('lines of standard input, one a step, without waiting for its end', async () => {
    const tokens = await source({ verificationToken: ['-'] });
    stdin.write(`\n${token('1')}\n${token('2').slice(0, 5)}`);
    expect(await tokens.next(step)).toBe(token('1'));
    const second = tokens.next(step);
    stdin.write(`${token('2').slice(5)}\n`);
    expect(await second).toBe(token('2'));
    stdin.end(token('3'));
    expect(await tokens.next(step)).toBe(token('3'));
    await expect(tokens.next(step)).rejects.toMatchObject({
      code: 'INPUT_NEEDED',
      message: 'Standard input has ended before a token for kyc_review came.',
    });
  });

  test('a line without end, a terminal, and Ctrl-C', async () => {
    const tokens = await source({ verificationToken: ['-'] });
    stdin.write('x'.repeat(20 * 1024));
    await expect(tokens.next(step)).rejects.toMatchObject({
      code: 'VERIFICATION_INVALID',
      message: expect.stringContaining('more than 16 KB'),
    });
    stdin = new PassThrough();
    const waiting = (await source({ verificationToken: ['-'] })).next(step);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' });
    stdin = Object.assign(new PassThrough(), { isTTY: true });
    const typed = await source({ verificationToken: ['-'] });
    await expect(typed.next(step)).rejects.toMatchObject({ code: 'INPUT_NEEDED' });
  });

  test('what no service would take is refused here, unquoted', async () => {
    const bad = `${part({ alg: 'HS256', kid: 'k' })}.${part({})}.c2ln`;
    const tokens = await source({ verificationToken: [await file('bad', bad), await file('empty', '')] });
    const error: unknown = await tokens.next(step).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'VERIFICATION_INVALID', field: '--verification-token' });
    expect(String(error)).not.toContain(bad);
    await expect(tokens.next(step)).rejects.toMatchObject({ code: 'FLAG_INVALID' });
  });
});

test('--verification-command sees the step and none of our keys', async () => {
  let seen: Env = {};
  const run: System['run'] = async (commandLine, { env }) => {
    expect(commandLine).toBe('backend sign');
    seen = env;
    return { status: 0, stdout: `${token('1')}\n`, timedOut: false };
  };
  const env = { PATH: '/bin', STEPUP_PRELUDE_MANAGEMENT_KEY: 'sk_live_1', STEPUP_STEP: 'left over' };
  const tokens = await source({ verificationCommand: 'backend sign' }, { run, env });
  expect(await tokens.next(step)).toBe(token('1'));
  expect(seen).toEqual({
    PATH: '/bin',
    STEPUP_CHALLENGE_ID: 'chl_1',
    STEPUP_STEP: 'kyc_review',
    STEPUP_USER_ID: 'usr_1',
    STEPUP_SCOPE: 'transfer:write',
  });
  const failing: System['run'] = async () => ({ status: 4, stdout: '', timedOut: false });
  const none = await source({ verificationCommand: 'x' }, { run: failing });
  await expect(none.next(step)).rejects.toMatchObject({
    code: 'CODE_COMMAND_FAILED',
    message: '--verification-command ended with status 4.',
  });
});

test('--sign-with signs what the step asks for, with a new jti each time', async () => {
  const store = createStore(folder, { signal: stop.signal });
  await createKeyStore(store).add('main', await createSigningKey(2048), { createdAt: '2025-01-01', force: false });
  const tokens = await source({ signWith: 'main' }, { now: () => 1_760_000_000_000 });
  const claims = [decodeJwt(await tokens.next(step)), decodeJwt(await tokens.next(step))];
  expect(claims[0]).toMatchObject({
    sub: 'usr_1',
    challenge_id: 'chl_1',
    key: 'kyc_review',
    status: 'completed',
    iat: 1_760_000_000,
    exp: 1_760_000_300,
  });
  expect(claims[0]!.jti).not.toBe(claims[1]!.jti);
  const unknown = await source({ signWith: 'other' });
  await expect(unknown.next(step)).rejects.toMatchObject({ code: 'KEY_UNKNOWN', field: '--sign-with' });
});

test('without a flag and a terminal it says what the backend has to do, and names the flags', async () => {
  const tokens = await source({});
  const error: unknown = await tokens.next(step).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: 'INPUT_NEEDED',
    field: '--verification-token',
    hint: expect.stringMatching(
      /--verification-token FILE.*--verification-command.*--sign-with.*stepup challenge continue chl_1/,
    ),
  });
  const said = String(stderr.read());
  for (const words of [
    'sub           usr_1',
    'challenge_id  chl_1',
    'key           kyc_review',
    'status        completed',
  ]) {
    expect(said).toContain(words);
  }
});

test.each<[VerificationFlags, string]>([
  [{ verificationToken: ['a'], signWith: 'b' }, '--sign-with'],
  [{ verificationToken: ['a'], verificationCommand: 'b' }, '--verification-command'],
  [{ verificationToken: ['-', 'a'] }, '--verification-token'],
  [{ verificationToken: ['-'], code: ['-'] }, '--verification-token'],
])('%j is a conflict', async (flags, field) => {
  await expect(source(flags)).rejects.toMatchObject({ code: 'FLAG_CONFLICT', field });
});
