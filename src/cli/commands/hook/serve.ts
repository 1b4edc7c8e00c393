import { Option, type Command } from 'commander';
import { printable } from '../../terminal/printable.js';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';
import { interrupted, parseLoopbackHost, parsePort, urlOf } from '../../serving.js';
import {
  addVerdictFlags,
  parseVerdict,
  STATUSES,
  type Status,
  type Verdict,
  type VerdictFlags,
} from '../../verdict.js';
import { answer, masked, type Outcome } from './answer.js';

export interface Options extends VerdictFlags {
  host: string;
  port: string;
  verdict: Status;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--host <host>', 'address of this machine to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on, 0 for a free one', '4790')
    .addOption(new Option('--verdict <verdict>', 'what it answers').choices(STATUSES).default('review'));
  addVerdictFlags(command)
    .addHelpText(
      'after',
      `
Each call must carry the signature of the application that is used; others are refused. A review without --step asks for
verify_sms. The keys of the store (stepup keys) are served beside it, for custom steps. End it with Ctrl-C.

Examples:
  $ stepup hook serve --emulator
  $ stepup hook serve --verdict block
  $ stepup hook serve --step verify_sms --step kyc_review:3600 --grant-mode single-use
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** How long calls under way may take when it ends. Milliseconds. */
const GRACE_MS = 2000;

/**
 * Answers step-up calls with one verdict until it is interrupted; then the status is 0. Throws FailedError PORT_IN_USE and
 * LISTEN_FAILED, UsageError (FLAG_INVALID, FLAG_CONFLICT, and what finding the application throws).
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal, system, store } = context;
  const port = parsePort(options.port, '--port');
  const host = parseLoopbackHost(options.host);
  const steps = options.step ?? (options.verdict === 'review' ? ['verify_sms'] : undefined);
  const verdict = parseVerdict(options.verdict, { ...options, step: steps }, '--verdict');
  const target = await context.preludeTarget();
  const [{ createJwks }, { createKeyStore }, { listen }] = await Promise.all([
    import('../../../providers/prelude/jwks.js'),
    import('../../../backend/key-store.js'),
    import('../../../emulator/listener.js'),
  ]);
  const jwks = createJwks({ http: await context.http(), target, now: system.now });
  const onOutcome = (outcome: Outcome): void => terminal.result(document(outcome), () => inWords(outcome, context));
  // Read for each call, so that a key that is made meanwhile is served too.
  const keys = async () => [...(await createKeyStore(store).keys()).values()].map(({ jwk }) => jwk);
  const parts = { jwks, verdict, keys, now: system.now, onOutcome };
  const kids = (await keys()).map(({ kid }) => printable(kid));
  const listener = await listen({ host, port, flag: '--port', fetch: (request) => answer(request, parts) });
  try {
    const url = urlOf(host, listener.port);
    const ready = { type: 'ready', url, hookUrl: `${url}/hooks/stepup`, jwksUrl: `${url}/.well-known/jwks.json` };
    terminal.result(ready, () =>
      [
        `The hook is ready: ${terminal.out.bold(ready.hookUrl)}`,
        `  it answers   ${verdictInWords(verdict)}`,
        `  it believes  calls signed by application ${target.appId}`,
        `  jwks_url     ${ready.jwksUrl} (${kids.length === 0 ? 'empty until: stepup keys create' : kids.join(', ')})`,
      ].join('\n'),
    );
    terminal.note('End it with Ctrl-C.');
    await interrupted(system.signal);
  } finally {
    await listener.close(GRACE_MS);
  }
}

function document(outcome: Outcome): object {
  if (outcome.type === 'refused') return outcome;
  const { type, at, call, verdict } = outcome;
  return {
    type,
    at,
    scope: call.scope_requested,
    userId: call.user_id,
    identifiers: call.identifiers.map((identifier) => ({
      type: identifier.type,
      value: masked(identifier.value),
    })),
    ...(call.metadata === undefined ? {} : { metadata: call.metadata }),
    signals: call.signals,
    verdict: {
      status: verdict.status,
      grantMode: verdict.grant_mode,
      grantedFor: verdict.granted_for,
      steps: verdict.steps.map(({ order, key, expiration_duration }) => {
        return { order, key, expirationDuration: expiration_duration };
      }),
    },
  };
}

function inWords(outcome: Outcome, { terminal: { out } }: Context): string {
  const time = out.dim(outcome.at.slice(11, 19));
  if (outcome.type === 'refused') return `${time} ${out.bad(`refused with ${outcome.status}`)}: ${outcome.reason}`;
  const { call, verdict } = outcome;
  const identifiers = call.identifiers.map(({ value }) => masked(value)).join(', ');
  return [
    `${time} ${out.bold(printable(call.scope_requested))} for ${printable(call.user_id)}: ${out.mark(verdictInWords(verdict))}`,
    `         identifiers ${printable(identifiers) || 'none'}`,
    // What the user's side has sent: as JSON no control character of it reaches the terminal.
    `         metadata    ${call.metadata === undefined ? 'none' : JSON.stringify(call.metadata)}`,
    `         signals     ${JSON.stringify(call.signals)}`,
  ].join('\n');
}

function verdictInWords({ status, grant_mode, granted_for, steps }: Verdict): string {
  if (status === 'block') return 'block';
  const asks = steps.length === 0 ? '' : ` by ${steps.map(({ key }) => key).join(', ')}`;
  return `${status}${asks}, granted ${grant_mode} for ${granted_for} s`;
}
