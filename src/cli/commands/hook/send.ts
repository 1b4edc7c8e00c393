import type { Command } from 'commander';
import { postHook, signedRequest, type HookCall, type HookExchange } from '../../../backend/hook-call.js';
import { HOOK_LIMITS, readVerdict, type HookReading } from '../../../backend/hook-verdict.js';
import { faultInWords, msInWords, readingInWords } from '../../../backend/hook-words.js';
import { collect } from '../../collect.js';
import type { Context } from '../../context.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';
import { parseStepKey } from '../../verdict.js';
import { addSampleFlags, parseHookUrl, sampleCall, SAMPLE_SCOPE, type SampleFlags } from './sample.js';
import { addKeyFlags, callKey, serveKey, type KeyFlags, type ServedKeys } from './signer.js';

export interface Options extends SampleFlags, KeyFlags {
  scope: string;
  stepKey?: string[] | undefined;
}

export function define(command: Command, handle: Handle): void {
  command.argument('<url>', "the hook's address").option('--scope <scope>', 'the scope', SAMPLE_SCOPE);
  addKeyFlags(addSampleFlags(command), 'none')
    .option('--step-key <key>', 'a custom step of the configuration; repeatable (default: each is taken)', collect)
    .addHelpText(
      'after',
      `
Posts a call as Prelude does, signed with a key of your own, and says what Prelude would make of the answer. The hook must know
the key: --jwks-port serves it while the call runs, stepup keys serve as long as you like; point your hook's key set there. At the
emulator (--emulator, or init --emulator once) it is signed with the emulator's key, which a hook knows that trusts it. Status 3 when step-up would
fail. The hook has 5 s; --timeout gives it less.

Examples:
  $ stepup hook send http://localhost:3000/hooks/stepup --jwks-port 4792
  $ stepup hook send http://localhost:3000/hooks/stepup --scope key:export --metadata amount=500 currency=EUR
  $ stepup hook send http://localhost:3000/hooks/stepup --identifier email ada@example.com --platform IOS --emulator
`,
    )
    .action(handle((context, url: string, options: Options) => run(context, url, options)));
}

/** Step-up would fail. */
const FAILS = 3;

/**
 * Posts one sample call and reads the verdict; the status is 3 when it is none. `--json`: `{"url","call":{"scope","userId","identifiers",
 * "signals","metadata"?},"keyId","answer":{"status"|null,"contentType"|null,"size","seconds"},"verdict":{"status","grantMode"?,"grantedFor"?,
 * "steps":[{"order","key","expirationDuration"}]}|null,"reason"|null,"faults":[{"reason","expected","got","hint"?}],"customSteps","advice"}`.
 * Throws UsageError (URL_INVALID, SCOPE_INVALID, METADATA_INVALID, PHONE_INVALID, EMAIL_INVALID, FLAG_INVALID, KEY_UNKNOWN, KEY_INVALID,
 * KEY_EXPOSED, EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS), FailedError (PORT_IN_USE, LISTEN_FAILED and those of the store).
 */
export async function run(context: Context, urlText: string, options: Options): Promise<number> {
  const { terminal, system } = context;
  const url = parseHookUrl(urlText);
  const call = sampleCall(options.scope, options);
  const stepKeys = options.stepKey?.map((key) => parseStepKey(key, '--step-key'));
  const { key, trusted } = await callKey(context, options);
  const served = options.jwksPort === undefined ? undefined : await serveKey(context, key, options.jwksPort);
  try {
    const exchange = await terminal.progress('Waiting for the hook', () =>
      postHook(system, url, signedRequest(call, key), hookLimits(context)),
    );
    const reading = readVerdict(exchange.answer, { stepKeys, identifiers: call.identifiers });
    const sent = { url, call, keyId: key.kid, exchange, reading };
    terminal.result(documentOf(sent), () => inWords(sent, context));
    if (refusesUs(exchange)) noteKey(context, { trusted, served });
    return reading.ok ? 0 : FAILS;
  } finally {
    await served?.close();
  }
}

/** Why a hook may refuse a call that is signed as it should be. */
function noteKey(
  { terminal, globals }: Context,
  { trusted, served }: { trusted: boolean; served?: ServedKeys | undefined },
): void {
  if (served?.fetches() === 0) terminal.note(`The hook has not fetched ${served.url}.`);
  if (served || trusted || globals.emulator !== undefined) return;
  terminal.note(
    'A key of the store has signed it: serve its public half with --jwks-port PORT, or sign with --emulator as the emulator does.',
  );
}

function refusesUs({ answer }: HookExchange): boolean {
  return answer.outcome !== 'failed' && (answer.status === 401 || answer.status === 403);
}

/** Prelude's limits; `--timeout` may make the time less. */
export function hookLimits({ timeoutSeconds }: Context): { timeMs: number; bytes: number } {
  return { ...HOOK_LIMITS, timeMs: Math.min(HOOK_LIMITS.timeMs, timeoutSeconds * 1000) };
}

interface Sent {
  url: string;
  call: HookCall;
  keyId: string;
  exchange: HookExchange;
  reading: HookReading;
}

function documentOf({ url, call, keyId, exchange: { answer, ms, size }, reading }: Sent): object {
  const status = answer.outcome === 'failed' ? null : answer.status;
  const contentType = answer.outcome === 'answered' ? answer.contentType : null;
  return {
    url,
    call,
    keyId,
    answer: { status, contentType, size, seconds: ms / 1000 },
    verdict: reading.ok ? reading.verdict : null,
    reason: reading.ok ? null : reading.faults[0].reason,
    faults: reading.ok ? [] : reading.faults,
    customSteps: reading.ok ? reading.customSteps : [],
    advice: reading.ok ? reading.advice : [],
  };
}

function inWords(
  { call, keyId, exchange: { answer, ms, size }, reading }: Sent,
  { terminal: { out } }: Context,
): string {
  const answered =
    answer.outcome === 'failed'
      ? 'none'
      : `${answer.status}, ${answer.outcome === 'answered' ? answer.contentType || 'no content type' : 'too large'}, ${size} bytes`;
  return [
    reading.ok
      ? out.good(readingInWords(reading))
      : `${out.bad('step_up.hook_failed')} ${printable(readingInWords(reading))}`,
    `  call    ${call.scope} for ${call.userId}, signed by ${printable(keyId)}`,
    `  answer  ${printable(answered)}, after ${msInWords(ms)}`,
    ...(reading.ok ? stepsInWords(reading) : faultsInWords(reading)),
  ].join('\n');
}

function stepsInWords({ verdict, customSteps, advice }: HookReading & { ok: true }): string[] {
  return [
    ...verdict.steps.map(({ order, key, expirationDuration }) => `  step    ${order}. ${key}, ${expirationDuration} s`),
    ...customSteps.map(
      (key) => `  note    ${key} must be one of the configuration's step keys (check it with --step-key)`,
    ),
    ...advice.map((text) => `  note    ${text}`),
  ];
}

function faultsInWords({ faults: [first, ...others] }: HookReading & { ok: false }): string[] {
  return [
    ...(first.hint === undefined ? [] : [`  to do   ${printable(first.hint)}`]),
    ...others.map((fault) => `  also    ${printable(faultInWords(fault))}`),
  ];
}
