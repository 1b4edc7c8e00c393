/** A provider on a store of its own, against a service of the test. Its clock stands still until the test moves it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttp, type Http } from '../../../src/http/client.js';
import { createPrelude } from '../../../src/providers/prelude/prelude.js';
import type { PendingStep, Provider, StepEvent } from '../../../src/providers/provider.js';
import { sessionKeyOf, type PreludeTarget } from '../../../src/providers/target.js';
import { createStore } from '../../../src/store/create.js';
import type { JsonObject, Store } from '../../../src/store/store.js';
import { startService, type Service } from '../../support/prelude-service.js';

/** 2026-03-01T12:00:00Z. */
const NOON = 1_772_366_400_000;

export interface House {
  service: Service;
  provider: Provider;
  store: Store;
  http: Http;
  target: PreludeTarget;
  debug: string[];
  /** Milliseconds; the service's clock is its own. */
  clock: { now: number };
  /** Another provider on the same store, as another process would have. */
  another(): Provider;
  stored(): Promise<JsonObject | undefined>;
  /** Moves both clocks. */
  advance(seconds: number): void;
  close(): Promise<void>;
}

/** Opens a house. */
export async function openHouse(options: { dialect?: 'otp' | 'login-otp' } = {}): Promise<House> {
  const folder = await mkdtemp(join(tmpdir(), 'stepup-prelude-'));
  const service = await startService({ now: NOON, ...options });
  const clock = { now: NOON };
  const debug: string[] = [];
  const target: PreludeTarget = {
    provider: 'prelude',
    appId: 'demo',
    frontendUrl: service.url,
    managementUrl: service.url,
    managementKey: 'sk_test_key',
  };
  const make = (): { http: Http; store: Store; provider: Provider } => {
    const http = createHttp({
      fetch,
      now: () => clock.now,
      sleep: (_ms, signal) =>
        new Promise((_done, fail) => signal?.addEventListener('abort', () => fail(new Error('stopped')))),
      signal: new AbortController().signal,
      timeoutMs: 5000,
      userAgent: 'stepup/test',
      debug: (text) => debug.push(text),
    });
    const store = createStore(folder);
    return { http, store, provider: createPrelude({ target, http, store, now: () => clock.now, randomBytes }) };
  };
  const { http, store, provider } = make();
  return {
    service,
    provider,
    store,
    http,
    target,
    debug,
    clock,
    another: () => make().provider,
    stored: () => store.session(sessionKeyOf(target)),
    advance(seconds) {
      clock.now += seconds * 1000;
      service.now += seconds * 1000;
    },
    async close() {
      await service.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** What to do at each step, in order: a code, `RESEND`, or a verification token. */
export type Script = (string | { token: string })[];

/** Runs an iteration to its end, answering its steps from the script; the events it gave. Fails on a step without a line. */
export async function walk(events: AsyncGenerator<StepEvent, void>, script: Script): Promise<StepEvent[]> {
  const seen: StepEvent[] = [];
  const lines = [...script];
  for await (const event of events) {
    seen.push(event);
    if (event.type === 'step') act(event.step, lines.shift());
  }
  if (lines.length > 0) throw new Error(`not asked for: ${lines.length} lines`);
  return seen;
}

function act(step: PendingStep, line: Script[number] | undefined): void {
  if (line === undefined) throw new Error(`an unexpected step: ${step.key}`);
  if (line === 'RESEND') step.resend?.();
  else step.answer(typeof line === 'string' ? { code: line } : line);
}

/** Logs in with the right code. */
export async function logIn({ provider, service }: House): Promise<void> {
  await walk(provider.login({ kind: 'phone', phone: '+33612345678' }), [service.code]);
}

/** The types of events, in order. */
export function types(events: StepEvent[]): string[] {
  return events.map(({ type }) => type);
}
