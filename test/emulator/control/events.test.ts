import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EmulatorEvent } from '../../../src/emulator/emulator.js';
import type { Services } from '../../../src/emulator/services.js';
import { startTestEmulator, type TestEmulator } from '../../support/emulator.js';

interface Stream {
  /** The next event. */
  next(): Promise<EmulatorEvent>;
  /** Resolves when the server has ended it. */
  ended(): Promise<boolean>;
  close(): Promise<void>;
}

describe('/events', () => {
  let one: TestEmulator;
  let services: Services;

  beforeEach(async () => {
    one = await startTestEmulator({
      httpsPort: undefined,
      services: async (given) => {
        services = given;
        return [];
      },
    });
    for (const step of ['a', 'b', 'c']) await services.emit('default', 'challenge', { step });
  });
  afterEach(() => one.stop());

  async function open(query = '', headers: Record<string, string> = {}): Promise<Stream> {
    const { controlUrl, controlToken } = one.emulator.ready;
    const response = await fetch(`${controlUrl}/events${query}`, {
      headers: { Authorization: `Bearer ${controlToken}`, ...headers },
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const decoder = new TextDecoder();
    let text = '';
    const block = async (): Promise<string | undefined> => {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end >= 0) {
          const found = text.slice(0, end);
          text = text.slice(end + 2);
          return found;
        }
        const { done, value } = await reader.read();
        if (done) return undefined;
        text += decoder.decode(value, { stream: true });
      }
    };
    return {
      async next() {
        for (;;) {
          const found = await block();
          if (found === undefined) throw new Error('The stream has ended.');
          const data = /^data: (.*)$/m.exec(found)?.[1];
          if (data === undefined) continue;
          const event = JSON.parse(data) as EmulatorEvent;
          expect(found).toContain(`\nid: ${event.id}`);
          return event;
        }
      },
      ended: async () => (await block()) === undefined,
      close: () => reader.cancel(),
    };
  }

  it('begins with the oldest and goes on as things happen', async () => {
    const stream = await open();
    for (const [id, step] of [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]) {
      expect(await stream.next()).toMatchObject({ id, type: 'challenge', tenant: 'default', step });
    }
    await services.emit('default', 'challenge', { step: 'd', id: 99, type: 'mine', at: 'never', tenant: 'theirs' });
    const fourth = await stream.next();
    expect(fourth).toMatchObject({ id: 4, type: 'challenge', tenant: 'default', step: 'd' });
    expect(fourth.at).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    await stream.close();
  });

  it('begins after the given id; Last-Event-ID goes before', async () => {
    const after = await open('?after=2');
    expect((await after.next()).id).toBe(3);
    await after.close();
    const again = await open('?after=0', { 'Last-Event-ID': '1' });
    expect((await again.next()).id).toBe(2);
    await again.close();
  });

  it('a stream outlives the state', async () => {
    const stream = await open('?after=3');
    await one.control.clearState();
    expect(await stream.next()).toMatchObject({ id: 4, type: 'state', change: 'cleared' });
    await services.emit('default', 'challenge', { step: 'e' });
    expect(await stream.next()).toMatchObject({ id: 5, step: 'e' });
    await stream.close();
  });

  it('ends when the emulator stops', async () => {
    const streams = await Promise.all(Array.from({ length: 20 }, () => open('?after=3')));
    await one.emulator.stop();
    for (const stream of streams) {
      let ended = false;
      while (!ended) ended = await stream.ended();
    }
  });

  it.each([
    ['?after=x', {}, 'after'],
    ['?since=1', {}, 'since'],
    ['', { 'Last-Event-ID': 'abc' }, 'Last-Event-ID'],
  ])('%s %j is refused', async (query, headers, field) => {
    const { controlUrl, controlToken } = one.emulator.ready;
    const response = await fetch(`${controlUrl}/events${query}`, {
      headers: { Authorization: `Bearer ${controlToken}`, ...(headers as Record<string, string>) },
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ field });
  });
});
