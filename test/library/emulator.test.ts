import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { nodeWorld } from '../../src/node-world.js';
import {
  connectEmulator,
  EmulatorError,
  startEmulator,
  type Emulator,
  type EmulatorEvent,
} from '../../src/library/emulator.js';
import { httpsGet } from '../support/emulator.js';

const PHONE = '+33612345678';
let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.stop());
afterEach(() => emulator.state.reset());

async function sendCode(to = PHONE, { url } = emulator): Promise<number> {
  const response = await fetch(`${url}/v1/session/otp`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ identifier: { type: 'phone_number', value: to } }),
  });
  await response.arrayBuffer();
  return response.status;
}

async function refusal(work: Promise<unknown>): Promise<EmulatorError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(EmulatorError);
  return error as EmulatorError;
}

describe('startEmulator', () => {
  test('is there at once on free ports, over https with its own certificate, and says what exec says', async () => {
    const { ready } = emulator;
    expect(emulator).toMatchObject({ url: ready.url, httpsUrl: ready.httpsUrl, caCert: ready.caCert });
    expect(emulator).toMatchObject({ prelude: ready.prelude, dynamic: ready.dynamic, controlUrl: ready.controlUrl });
    expect((await httpsGet(`${ready.httpsUrl}/__emulator/health`, ready.caCert)).status).toBe(200);
    expect(emulator.env()).toMatchObject({ STEPUP_EMULATOR_URL: ready.url, NODE_EXTRA_CA_CERTS: ready.caCert });
  });

  test('its temporary folder goes with it; the process has the listeners that it had', async () => {
    const listeners = (): unknown => process.eventNames().map((name) => [name, process.listenerCount(name)]);
    const before = listeners();
    const other = await startEmulator({ port: undefined });
    const folder = dirname(other.caCert);
    expect(existsSync(folder)).toBe(true);
    await Promise.all([other.stop(), other.stop()]);
    expect(existsSync(folder)).toBe(false);
    expect(listeners()).toEqual(before);
    await expect(fetch(other.url)).rejects.toThrow('fetch failed');
    expect((await refusal(other.clock.get())).message).toContain(`The emulator at ${other.controlUrl} does not answer`);
  });

  test('a folder that was given is kept; without https there is neither address nor certificate', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stepup-library-test-'));
    try {
      const other = await startEmulator({ folder, httpsPort: false, controlToken: 'mine' });
      expect(other).toMatchObject({ httpsUrl: '', caCert: '', controlToken: 'mine' });
      expect(other.env()).not.toHaveProperty('NODE_EXTRA_CA_CERTS');
      await other[Symbol.asyncDispose]();
      expect(await readdir(folder)).not.toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('a port in use is an error with its code, and nothing is left', async () => {
    // A place of its own: other tests start emulators meanwhile.
    const folder = await mkdtemp(join(tmpdir(), 'stepup-library-test-'));
    const placed = vi.spyOn(nodeWorld, 'temporary', 'get').mockReturnValue(folder);
    try {
      await expect(startEmulator({ port: Number(new URL(emulator.url).port) })).rejects.toMatchObject({
        code: 'PORT_IN_USE',
      });
      expect(placed).toHaveBeenCalled();
      expect(await readdir(folder)).toEqual([]);
    } finally {
      placed.mockRestore();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('the inbox', () => {
  test('gives the newest code that fits, also one that is still to come', async () => {
    const coming = emulator.inbox.message({ to: PHONE, purpose: 'login' });
    expect(await sendCode()).toBe(204);
    const first = await coming;
    expect(first).toMatchObject({ to: PHONE, channel: 'sms', code: expect.stringMatching(/^\d{6}$/) });
    expect(await emulator.inbox.code({ to: PHONE })).toBe(first.code);
    expect(await emulator.inbox.messages({ to: '+33600000000' })).toEqual([]);
    await sendCode();
    const second = await emulator.inbox.message({ to: PHONE, after: first.id });
    expect(second.id).not.toBe(first.id);
    expect(await emulator.inbox.message({ to: PHONE })).toEqual(second);
    expect(await emulator.inbox.messages({ after: new Date(0) })).toEqual([first, second]);
  });

  test('says so when none came', async () => {
    const { message, status } = await refusal(emulator.inbox.code({ to: PHONE, wait: '50ms' }));
    expect([message, status]).toEqual([`No message to ${PHONE} fits, and none came within 0.05 s.`, undefined]);
  });

  test('waits no longer than the signal lets it', async () => {
    const stopping = new AbortController();
    const waiting = emulator.inbox.code({ to: PHONE, wait: '1h', signal: stopping.signal });
    stopping.abort(new RangeError('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  test('does not give a message that was suppressed, and says why', async () => {
    const other = await startEmulator({
      httpsPort: false,
      seed: { identities: [{ identity: PHONE, suppressed: 'the carrier refuses it' }] },
    });
    try {
      await sendCode(PHONE, other);
      const { message } = await refusal(other.inbox.code({ to: PHONE }));
      expect(message).toBe(`The message to ${PHONE} (msg_1) was suppressed and never arrives: the carrier refuses it.`);
      expect(await other.inbox.messages()).toMatchObject([{ suppressed: true }]);
    } finally {
      await other.stop();
    }
  });
});

describe('the control API with types', () => {
  test('clock', async () => {
    expect(await emulator.clock.advance('6m')).toMatchObject({ offset: expect.closeTo(360, 0), frozen: false });
    expect(await emulator.clock.offset(-60)).toMatchObject({ offset: expect.closeTo(-60, 0) });
    expect(await emulator.clock.freeze()).toMatchObject({ frozen: true });
    expect(await emulator.clock.resume()).toMatchObject({ frozen: false });
    expect(await emulator.clock.get()).toMatchObject({ frozen: false });
    await expect(emulator.clock.advance('soon')).rejects.toThrow(TypeError);
  });

  test('faults', async () => {
    const fault = await emulator.faults.add({ match: { path: '/v1/session/otp' }, times: 1, do: { status: 503 } });
    expect(await sendCode()).toBe(503);
    expect(await sendCode()).toBe(204);
    expect(await emulator.faults.list()).toMatchObject([{ id: fault.id, happened: 1 }]);
    await emulator.faults.clear(fault.id);
    await emulator.faults.add({ do: { latencyMs: 1 } });
    await emulator.faults.clear();
    expect(await emulator.faults.list()).toEqual([]);
    const wrong = await refusal(emulator.faults.add({ do: { status: 200 } }));
    expect([wrong.status, wrong.field]).toEqual([400, 'do.status']);
  });

  test('settings, state and snapshots', async () => {
    expect(await emulator.settings.patch({ strictScopes: false, dynamic: { otpSends: 9 } })).toMatchObject({
      strictScopes: false,
      dynamic: { otpSends: 9 },
    });
    const document = await emulator.state.export();
    expect(await emulator.snapshots.take('strict')).toMatchObject({ name: 'strict' });
    await emulator.state.reset();
    expect(await emulator.settings.get()).toMatchObject({ strictScopes: true });
    await emulator.snapshots.restore('strict');
    expect(await emulator.settings.get()).toMatchObject({ strictScopes: false });
    await emulator.state.reset();
    await emulator.state.import(document);
    expect(await emulator.settings.get()).toMatchObject({ strictScopes: false });
    expect((await refusal(emulator.snapshots.restore('none'))).status).toBe(404);
  });

  test('users', async () => {
    const user = await emulator.users.create({ provider: 'prelude', identifiers: [PHONE] });
    expect(user).toMatchObject({ provider: 'prelude', identifiers: [PHONE] });
    expect(await emulator.users.list({ provider: 'prelude' })).toEqual([user]);
    expect(await emulator.users.list({ provider: 'dynamic' })).toEqual([]);
    await emulator.users.delete(user.id);
    expect(await emulator.users.list()).toEqual([]);
  });

  test('events come as they happen, and end with the loop, the signal and the emulator', async () => {
    const seen: EmulatorEvent[] = [];
    const stopping = new AbortController();
    const watching = (async () => {
      for await (const event of emulator.events({ signal: stopping.signal })) {
        if (event.type !== 'message') continue;
        seen.push(event);
        if (seen.length === 2) break;
      }
    })();
    await sendCode();
    await sendCode('+33600000000');
    await watching;
    expect(seen.slice(-2)).toMatchObject([{ to: PHONE }, { to: '+33600000000' }]);

    const last = seen.at(-1)!.id;
    const until = (async () => {
      for await (const event of emulator.events({ after: last, signal: stopping.signal })) {
        if (event.type === 'clock') stopping.abort();
      }
    })();
    await emulator.clock.advance(1);
    await until;
    for await (const _ of emulator.events({ signal: stopping.signal })) expect.unreachable();

    const other = await startEmulator({ httpsPort: false });
    const events: string[] = [];
    const toTheEnd = (async () => {
      for await (const { type } of other.events()) {
        events.push(type);
        await other.stop();
      }
    })();
    await other.clock.advance(1);
    await toTheEnd;
    expect(events).toEqual(['clock']);
  });

  test('tenants', async () => {
    const tenant = await emulator.tenants.create({ id: 'w1' });
    expect(tenant).toMatchObject({ id: 'w1', prelude: { sessionDomain: `${new URL(emulator.httpsUrl).host}/t/w1` } });
    await tenant.settings.patch({ strictScopes: false });
    expect(await emulator.settings.get()).toMatchObject({ strictScopes: true });
    expect((await emulator.tenants.list()).map(({ id }) => id)).toEqual(expect.arrayContaining(['default', 'w1']));
    await tenant.delete();
    await tenant[Symbol.asyncDispose]();
    expect((await refusal(tenant.clock.get())).status).toBe(404);
  });

  test('tokens', async () => {
    const { token } = await emulator.tokens.mint({ provider: 'prelude', claims: { sub: 'usr_1' }, defect: 'expired' });
    expect(token.split('.')).toHaveLength(3);
  });
});

describe('connectEmulator', () => {
  test('steers one that runs elsewhere', async () => {
    const { url, controlUrl, controlToken } = emulator;
    const connected = connectEmulator({ controlUrl, controlToken });
    expect(connected).toMatchObject({ url, httpsUrl: '', caCert: '', controlUrl, controlToken });
    await connected.clock.advance(60);
    expect((await emulator.clock.get()).offset).toBeCloseTo(60, 0);
    expect(await refusal(connectEmulator({ controlUrl, controlToken: 'wrong' }).clock.get())).toMatchObject({
      status: 401,
    });
  });

  test('says so when nobody has named one', () => {
    expect(() => connectEmulator()).toThrow('No emulator is named');
  });

  test('what is no emulator is told apart', async () => {
    const server: Server = createServer((_, response) => response.end('<!doctype html>'));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const controlUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/__emulator`;
    const { message } = await refusal(connectEmulator({ controlUrl, controlToken: 'x' }).clock.get());
    expect(message).toBe(`${controlUrl} does not answer as an emulator does.`);
    await new Promise((closed) => server.close(closed));
  });
});
