import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestEmulator, type TestEmulator } from '../support/emulator.js';

describe('emulator', () => {
  let one: TestEmulator;
  beforeEach(async () => {
    one = await startTestEmulator({ httpsPort: undefined });
  });
  afterEach(() => one.stop());

  const login = (to: string): Promise<Response> =>
    fetch(`${one.emulator.ready.url}/v1/session/otp`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ identifier: { type: 'phone_number', value: to } }),
    });

  it('serves Prelude, and its messages over the control API', async () => {
    const waiting = one.control.messages({ to: '+33612345678', wait: '10' });
    expect((await login('+33612345678')).status).toBe(204);
    const [message] = await waiting;
    expect(message).toMatchObject({ id: 'msg_1', channel: 'sms', purpose: 'login', suppressed: false });
    expect(message?.code).toMatch(/^\d{6}$/);
  });

  it('a fault that asks for an identity leaves the body to Prelude', async () => {
    await one.control.fault({ match: { identity: '+33600000001' }, do: { status: 429 } });
    expect((await login('+33600000001')).status).toBe(429);
    expect((await login('+33600000002')).status).toBe(204);
    expect((await one.control.messages()).map(({ to }) => to)).toEqual(['+33600000002']);
  });

  it('its keys outlive the state', async () => {
    const keys = async (): Promise<string> => (await fetch(one.emulator.ready.prelude.jwksUrl)).text();
    const before = await keys();
    await one.control.clearState();
    expect(await keys()).toBe(before);
  });
});
