/** The provider as a library call makes it, against an emulated environment, and a walk through its events. */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { createHttp } from '../../../src/http/client.js';
import { createDynamic } from '../../../src/providers/dynamic/dynamic.js';
import type { DynamicProvider } from '../../../src/providers/dynamic/provider.js';
import { createKeyring } from '../../../src/providers/keyring.js';
import type { Grant, PendingStep, StepAnswer, StepEvent } from '../../../src/providers/provider.js';
import { createWallet, type Wallet } from '../../../src/authenticator/wallet.js';
import { createStore } from '../../../src/store/create.js';
import type { Store } from '../../../src/store/store.js';
import { EMAIL, ORIGIN, type Environment } from '../../support/dynamic-application.js';

export interface LibraryOptions {
  home?: string;
  apiUrl?: string;
  origin?: string;
  now?: () => number;
  fetch?: typeof fetch;
  sleep?: (ms: number) => Promise<void>;
  signal?: AbortSignal;
  /** Takes the exchange, as `--debug` shows it. */
  debug?: (text: string) => void;
}

/** `createDynamic` on the environment's own store. */
export function library(env: Environment, options: LibraryOptions = {}): DynamicProvider {
  const { now = Date.now, signal = new AbortController().signal, origin = ORIGIN } = options;
  const { apiBaseUrl, environmentId } = env.ready.dynamic;
  const http = createHttp({
    fetch: options.fetch ?? fetch,
    now,
    sleep: (ms, stop) => wait(ms, undefined, stop ? { signal: stop } : {}),
    signal,
    timeoutMs: 10_000,
    userAgent: 'stepup/test',
    debug: options.debug,
  });
  return createDynamic({
    target: { provider: 'dynamic', environmentId, apiUrl: options.apiUrl ?? apiBaseUrl, origin },
    http,
    store: storeOf(env, options.home),
    now,
    randomBytes: (size) => randomBytes(size),
    sleep: options.sleep ?? ((ms) => wait(ms)),
    signal,
  });
}

export function storeOf(env: Environment, home = env.home): Store {
  return createStore(home);
}

type Answering = (step: PendingStep) => StepAnswer | 'resend' | Promise<StepAnswer | 'resend'>;

/** Walks to the end, answering each step that comes with the next answer. */
export async function drive(events: AsyncGenerator<StepEvent, void>, ...answers: Answering[]): Promise<StepEvent[]> {
  const all: StepEvent[] = [];
  for await (const event of events) {
    all.push(event);
    if (event.type !== 'step') continue;
    const answer = await answers.shift()?.(event.step);
    if (answer === undefined) throw new Error(`no answer is left for ${event.step.key}`);
    if (answer === 'resend') event.step.resend?.();
    else event.step.answer(answer);
  }
  return all;
}

/** The grant that a walk ends with. */
export async function granted(events: AsyncGenerator<StepEvent, void>, ...answers: Answering[]): Promise<Grant> {
  const last = (await drive(events, ...answers)).at(-1);
  if (last?.type !== 'granted') throw new Error(`the walk ended with ${String(last?.type)}`);
  return last.grant;
}

/** Answers with the newest code that was sent. */
export function inbox(env: Environment): Answering {
  return async () => ({ code: (await env.newest()).code });
}

/** Answers with a code that is computed here. */
export const computed: Answering = async (step) => ({ code: (await step.compute?.()) ?? 'none' });

/** Logs in by email. */
export async function logIn(env: Environment, provider: DynamicProvider, email = EMAIL): Promise<void> {
  await drive(provider.login({ kind: 'email', email }), inbox(env));
}

/** Steps up by the only way, a code that is sent or computed. */
export async function hold(env: Environment, provider: DynamicProvider, scope: string): Promise<Grant> {
  return granted(provider.request([scope], {}), async (step) => {
    const code = await step.compute?.();
    return { code: code ?? (await env.newest()).code };
  });
}

/** Enrols an authenticator app whose secret is in the store; its id. */
export async function enrolTotp(env: Environment, provider: DynamicProvider): Promise<string> {
  await hold(env, provider, 'credential:link');
  return (await provider.confirmTotp(await provider.enrolTotp())).id;
}

/** Makes a wallet in the store. */
export async function newWallet(env: Environment, name: string, home = env.home): Promise<Wallet> {
  const wallet = await createWallet({ randomBytes: (size) => randomBytes(size), now: Date.now });
  await createKeyring(storeOf(env, home)).addWallet(name, wallet);
  return wallet;
}

/** The error that a promise is rejected with, with what it carries. */
export async function failure(
  work: Promise<unknown>,
): Promise<Error & { code?: string; hint?: string; field?: string }> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}
