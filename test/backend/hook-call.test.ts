import { webcrypto } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import {
  hookBody,
  hookRequest,
  postHook,
  signedRequest,
  type HookCall,
  type HookExchange,
} from '../../src/backend/hook-call.js';
import { readVerdict } from '../../src/backend/hook-verdict.js';
import { InterruptedError } from '../../src/errors.js';
import { answering, hostile, startHook, type Handler, type RunningHook } from './sample-hooks.js';
import { keyPair } from '../support/key-pair.js';

const pair = keyPair('rsa', { modulusLength: 2048 });
const call: HookCall = {
  scope: 'transfer:write',
  userId: 'usr_1',
  identifiers: [{ type: 'phone_number', value: '+33612345678' }],
  signals: { userAgent: 'Firefox', platform: 'WEB', ip: '203.0.113.42' },
  metadata: { amount: '500' },
};
const BODY =
  '{"scope_requested":"transfer:write","user_id":"usr_1","identifiers":[{"type":"phone_number","value":"+33612345678"}],' +
  '"signals":{"user_agent":"Firefox","platform":"WEB","ip":"203.0.113.42"},"metadata":{"amount":"500"}}';

describe('a call', () => {
  test('has the body of the documentation; without metadata there is none', () => {
    expect(hookBody(call).toString()).toBe(BODY);
    expect(hookBody({ ...call, metadata: undefined }).toString()).toBe(
      BODY.replace(',"metadata":{"amount":"500"}', ''),
    );
  });

  test('is signed so that WebCrypto accepts it with a salt of 32 bytes', async () => {
    const { headers, body } = signedRequest(call, { kid: 'key-1', privateKey: pair.privateKey });
    expect(headers).toEqual({
      'Content-Type': 'application/json',
      'User-Agent': 'Prelude-SessionStepUpHook/1.0',
      'X-Webhook-Signature': expect.stringMatching(/^rsassa-pss-sha256=[\w-]{342}$/),
      'X-Webhook-Signature-Key-Id': 'key-1',
    });
    const jwk = pair.publicKey.export({ format: 'jwk' }) as webcrypto.JsonWebKey;
    const algorithm = { name: 'RSA-PSS', hash: 'SHA-256' };
    const key = await webcrypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify']);
    const signature = Buffer.from(headers['X-Webhook-Signature']!.slice('rsassa-pss-sha256='.length), 'base64url');
    expect(await webcrypto.subtle.verify({ name: 'RSA-PSS', saltLength: 32 }, key, signature, body)).toBe(true);
  });
});

describe('the way to the hook and back', () => {
  let hook: RunningHook | undefined;
  afterEach(async () => {
    await hook?.close();
    hook = undefined;
  });
  const world = (signal = new AbortController().signal, sleep = pause) => ({ fetch, now: Date.now, sleep, signal });
  const request = hookRequest(Buffer.from(BODY), undefined, undefined);
  /** The time limit of these hooks is over at once, or never. */
  const post = async (handler: Handler, over = false): Promise<HookExchange> => {
    hook = await startHook(handler);
    return postHook(world(undefined, over ? soon : never), hook.url, request, { timeMs: 5000, bytes: 65_536 });
  };
  const reasonOf = ({ answer }: HookExchange): string | undefined => {
    const reading = readVerdict(answer, { stepKeys: [], identifiers: [] });
    return reading.ok ? undefined : reading.faults[0].reason;
  };

  test('what arrives is what was signed, with the headers of the service', async () => {
    let seen: object | undefined;
    const { answer, size } = await post(async (incoming, response) => {
      let body = '';
      for await (const chunk of incoming) body += String(chunk);
      const { method, headers } = incoming;
      seen = {
        method,
        body,
        agent: headers['user-agent'],
        type: headers['content-type'],
        length: headers['content-length'],
      };
      return answering({ status: 'block' })(incoming, response);
    });
    expect(seen).toEqual({
      method: 'POST',
      body: BODY,
      agent: 'Prelude-SessionStepUpHook/1.0',
      type: 'application/json',
      length: String(BODY.length),
    });
    expect([answer.outcome, size]).toEqual(['answered', 18]);
  });

  test('exactly 64 KB are taken, one byte more is not', async () => {
    const json = (size: number): string => `{"status":"block","x":"${'x'.repeat(size - 25)}"}`;
    expect(json(65_536)).toHaveLength(65_536);
    expect(reasonOf(await post(answering(json(65_536))))).toBeUndefined();
    await hook!.close();
    const exchange = await post(answering(json(65_537)));
    expect([exchange.answer.outcome, reasonOf(exchange)]).toEqual(['too_large', 'response_decode_failed']);
  });

  test.each<[keyof typeof hostile, string, string]>([
    ['redirects', 'answered', 'invalid_status_code'],
    ['streams', 'too_large', 'response_decode_failed'],
    ['noContent', 'answered', 'response_decode_failed'],
    ['closes', 'failed', 'request_failed'],
    ['breaksOff', 'failed', 'request_failed'],
  ])('a hook that %s', async (name, outcome, reason) => {
    const exchange = await post(hostile[name]);
    expect([exchange.answer.outcome, reasonOf(exchange)]).toEqual([outcome, reason]);
  });

  test.each<keyof typeof hostile>(['silent', 'trickles'])('a hook that is %s for longer than 5 s', async (name) => {
    const { answer } = await post(hostile[name], true);
    expect(answer).toEqual({ outcome: 'failed', words: 'no whole answer within 5 s' });
  });

  test('a redirect is not followed, and nothing is sent twice', async () => {
    let calls = 0;
    await post((incoming, response) => {
      calls += 1;
      return hostile.redirects(incoming, response);
    });
    expect(calls).toBe(1);
  });

  test('https where http is spoken, nobody there, and an unknown name', async () => {
    hook = await startHook(answering({ status: 'block' }));
    const limits = { timeMs: 5000, bytes: 65_536 };
    const tls = await postHook(world(), hook.url.replace('http:', 'https:'), request, limits);
    expect(tls.answer).toMatchObject({ outcome: 'failed', hint: 'Check the address: does it speak https?' });
    const gone = createServer();
    await new Promise<void>((done) => gone.listen(0, '127.0.0.1', done));
    const { port } = gone.address() as AddressInfo;
    await new Promise((done) => gone.close(done));
    const refused = await postHook(world(), `http://127.0.0.1:${port}/`, request, limits);
    expect(refused.answer).toEqual({
      outcome: 'failed',
      words: `127.0.0.1:${port} refused the connection (ECONNREFUSED)`,
      hint: 'Check the address and your network, and that the service is running.',
    });
  });

  test('Ctrl-C ends the wait', async () => {
    const stopping = new AbortController();
    hook = await startHook(() => stopping.abort());
    const waiting = postHook(world(stopping.signal, never), hook.url, request, { timeMs: 5000, bytes: 100 });
    await expect(waiting).rejects.toBeInstanceOf(InterruptedError);
    await expect(
      postHook(world(stopping.signal, never), hook.url, request, { timeMs: 5000, bytes: 100 }),
    ).rejects.toBeInstanceOf(InterruptedError);
  });
});

function never(_ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((_, fail) => signal?.addEventListener('abort', () => fail(signal.reason), { once: true }));
}

/** The limit of 5 s, over as soon as the hook has had a moment to begin. */
async function soon(ms: number, signal?: AbortSignal): Promise<void> {
  expect(ms).toBe(5000);
  await pause(100, signal);
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', () => (clearTimeout(timer), fail(signal.reason)), { once: true });
  });
}
