import type { Command } from 'commander';
import { postHook, type HookCall } from '../../../backend/hook-call.js';
import { testHook } from '../../../backend/hook-test.js';
import { createSigningKey } from '../../../backend/keys.js';
import { collect } from '../../collect.js';
import type { Context } from '../../context.js';
import { addReportFlags, createReport, suiteName, type ReportFlags } from '../../report.js';
import type { Handle } from '../../tree.js';
import { parseStepKey } from '../../verdict.js';
import { addSampleFlags, parseHookUrl, sampleCall, SAMPLE_SCOPE, type SampleFlags } from './sample.js';
import { hookLimits } from './send.js';
import { addKeyFlags, callKey, serveKey, type KeyFlags } from './signer.js';

export interface Options extends SampleFlags, KeyFlags, ReportFlags {
  scope?: string[] | undefined;
  stepKey?: string[] | undefined;
}

/** Beside the ports of `hook serve` (4790) and `keys serve` (4791). */
const USUAL_PORT = '4792';

export function define(command: Command, handle: Handle): void {
  command
    .argument('<url>', "the hook's address")
    .option('--scope <scope>', `a scope that the hook knows; repeatable (${SAMPLE_SCOPE})`, collect)
    .option('--step-key <key>', 'a custom step of the configuration; repeatable (default: each is taken)', collect);
  addReportFlags(addKeyFlags(addSampleFlags(command), `${USUAL_PORT}, unless the hook has the key already`))
    .addHelpText(
      'after',
      `
Calls your own hook as Prelude would and as it never would, and says which cases hold. Nothing is changed anywhere but in what your
hook itself does. Status 3 when something must be mended; advice alone is 0.

The hook must know the test key. By default its public half is served at http://127.0.0.1:${USUAL_PORT}/.well-known/jwks.json while
the test runs: start your hook with its key set (the JWKS address, mostly in a variable) pointed there instead of
https://APP.session.prelude.dev/.well-known/jwks.json. A hook on another machine cannot reach that: give it the public half of a key
file (stepup keys jwks --key FILE) and name the file with --key. With --emulator the key of the emulator signs, for a hook that trusts
the emulator.

Examples:
  $ stepup hook test http://localhost:3000/hooks/stepup
  $ stepup hook test http://localhost:3000/hooks/stepup --scope transfer:write --scope key:export --step-key kyc_review
  $ stepup hook test http://localhost:3000/hooks/stepup --key key.pem --junit hook.xml --no-input
`,
    )
    .action(handle((context, url: string, options: Options) => run(context, url, options)));
}

/**
 * Tests a hook; the status is 3 when something must be mended. `--json`: `{"cases":[{"name","holds","expected","got","hint"?,"advice"?}],
 * "passed","failed"}`. Throws as `hook send`, and FailedError FILE_UNWRITABLE for `--junit`.
 */
export async function run(context: Context, urlText: string, options: Options): Promise<number> {
  const { system, terminal } = context;
  const report = createReport(context, options);
  const url = parseHookUrl(urlText);
  const [first = SAMPLE_SCOPE, ...more] = new Set(options.scope);
  const calls: [HookCall, ...HookCall[]] = [
    sampleCall(first, options),
    ...more.map((scope) => sampleCall(scope, options)),
  ];
  const stepKeys = options.stepKey?.map((key) => parseStepKey(key, '--step-key'));
  const { key, trusted } = await callKey(context, options);
  const port = options.jwksPort ?? (trusted ? undefined : USUAL_PORT);
  const served = port === undefined ? undefined : await serveKey(context, key, port);
  try {
    const stranger = { kid: key.kid, privateKey: (await createSigningKey(2048)).privateKey };
    const limits = hookLimits(context);
    const cases = await terminal.progress('Testing the hook', () =>
      testHook({
        send: (request) => postHook(system, url, request, limits),
        limits,
        key,
        stranger,
        calls,
        stepKeys,
        served,
      }),
    );
    return await report.print(suiteName('hook test', url), cases);
  } finally {
    await served?.close();
  }
}
