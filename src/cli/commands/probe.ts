import type { Command } from 'commander';
import { InterruptedError, UnreachableError, UsageError } from '../../errors.js';
import type { ApiCredentials, Provider } from '../../providers/provider.js';
import { probe, type Send } from '../../probe/probe.js';
import type { Claims, ProbeWorld } from '../../probe/attempt.js';
import { ELEVATED_HEADER, parseElevatedHeader } from '../../resource/authorization.js';
import { exchange, NotSent } from '../../resource/exchange.js';
import { apiCallOf, joined, type ApiCall, type CallFlags } from '../api-call.js';
import { addApiFlags, shown, type ApiFlags } from '../api-client.js';
import { decodeToken, scopesOf } from '../claims.js';
import { collect } from '../collect.js';
import type { Context } from '../context.js';
import { addStepUpFlags, credentialsHolding, stepUpSource } from '../elevate.js';
import { allowOrigin } from '../origins.js';
import { mintAtEmulator } from '../probe-mint.js';
import { addReportFlags, createReport, suiteName, type ReportFlags } from '../report.js';
import { signingKey } from '../signing-keys.js';
import { publishedIssuer } from '../token-issuer.js';
import type { Handle } from '../tree.js';

export interface Options extends CallFlags, ApiFlags, ReportFlags {
  scope?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('<url>', 'an address of your API that demands the scope')
    .option('--scope <scope>', 'the scope that it must demand')
    .option('-X, --request <method>', 'the method (GET; POST with --data)')
    .option('-d, --data <body>', 'the body; @FILE reads a file, - standard input; texts are joined by &', joined)
    .option('-H, --header <header>', 'one more header, as "Name: value"; may be repeated', collect);
  addReportFlags(addStepUpFlags(addApiFlags(command)))
    .addHelpText(
      'after',
      `
Calls your API as the user who is logged in, with the real elevated token, which must be let in, and then with each token and proof
that must not be: none, the one from before the step-up, expired, forged, of another scope, issuer, app, session or key. Every request
that gets in is carried out: take an address where that does no harm. A grant for a single use is spent.

With the emulator as issuer, of the API and of stepup, all of them can be made; with the live service those that need no token which
only the service could sign. --sign-with KEY adds a verification token of your own steps.

Status 3 when the API lets in what it must not, or refuses the real token. How it words its refusals is advice (RFC 6750, RFC 9470,
RFC 9449): status 0.

Examples:
  $ stepup probe http://localhost:3000/transfers --scope transfer:write --allow-origin http://localhost:3000
  $ stepup probe http://localhost:3000/transfers --scope transfer:write -d '{"amount":1}' --code-command ./read-code.sh
  $ stepup probe http://localhost:3000/transfers --scope transfer:write --junit probe.xml --no-input
`,
    )
    .action(handle((context, url: string, options: Options) => run(context, url, options)));
}

/**
 * Probes an API; the status is 3 when it lets in what it must not, or refuses the real token. `--json`: `{"cases":[{"name","holds",
 * "expected","got","hint"?,"advice"?,"untried"?}],"passed","failed"}`. Throws UsageError (URL_INVALID, FLAG_INVALID, FLAG_CONFLICT,
 * SCOPE_INVALID, ORIGIN_NOT_ALLOWED, ORIGIN_INVALID, FILE_UNREADABLE), FailedError FILE_UNWRITABLE for `--junit`,
 * SessionError, InputNeededError and what a step-up throws, UnreachableError where the API cannot be reached, InterruptedError.
 */
export async function run(context: Context, urlText: string, options: Options): Promise<number> {
  const report = createReport(context, options);
  const { scope } = options;
  if (scope === undefined) {
    throw new UsageError('FLAG_INVALID', 'Name the scope that the API must demand.', {
      field: '--scope',
      hint: 'For example: --scope transfer:write',
    });
  }
  const request = await apiCallOf(context, urlText, options);
  const { url, method, headers } = request;
  const elevatedHeader =
    options.elevatedHeader === undefined ? ELEVATED_HEADER : parseElevatedHeader(options.elevatedHeader);
  await allowOrigin(context, new URL(url).origin, options.allowOrigin ?? [], options);
  const { terminal, system } = context;
  if (!['GET', 'HEAD', 'OPTIONS'].includes(method)) {
    terminal.note(`Each ${method} that the API lets in is carried out.`);
  }
  const source = stepUpSource(context, options);
  const provider = await context.provider();
  const before = await tokenWithout(provider, scope);
  const { credentials } = await credentialsHolding(context, provider, [scope], source).finally(() =>
    source.codes.close(),
  );
  let sent = false;
  try {
    const { keys, now: then } = await publishedIssuer(context);
    const began = system.now();
    const world: ProbeWorld = {
      provider: provider.name,
      scope,
      method,
      url,
      elevatedHeader,
      credentials,
      before,
      keys,
      mint: await mintAtEmulator(context),
      verificationToken: await verificationToken(context, options, credentials),
      now: () => then + system.now() - began,
      randomBytes: system.randomBytes,
    };
    const send: Send = async (tokens) => {
      const all = new Headers(headers);
      for (const [name, value] of Object.entries(tokens)) all.set(name, value);
      const answer = await answerTo(context, { ...request, headers: all }, sent).catch((error: unknown) => {
        // What may have gone out is not given back: the API may have taken it.
        sent ||= !(error instanceof NotSent);
        throw error instanceof NotSent ? error.cause : error;
      });
      sent = true;
      return answer;
    };
    const cases = await terminal.progress('Probing the API', () => probe(world, send));
    return await report.print(suiteName('probe', url), cases);
  } finally {
    if (!sent) await credentials.giveBack();
  }
}

/** The session's own access token where the scope is not in it: at Prelude what the user had before the step-up. */
async function tokenWithout(provider: Provider, scope: string): Promise<string | undefined> {
  const { token } = await provider.accessToken();
  const { claims } = await decodeToken(token, 'token');
  return scopesOf(claims).includes(scope) ? undefined : token;
}

/** Says that some step is done, by the key of `--sign-with`; undefined without one. */
async function verificationToken(
  context: Context,
  { signWith }: Options,
  { accessToken }: ApiCredentials,
): Promise<string | undefined> {
  if (signWith === undefined) return undefined;
  const { signVerificationToken, USUAL_SECONDS } = await import('../../backend/verification-token.js');
  const key = await signingKey(context, signWith, { field: '--sign-with' });
  const claims: Claims = (await decodeToken(accessToken, 'token')).claims;
  const verification = {
    userId: String(claims['sub']),
    challengeId: 'stepup-probe',
    step: 'probe',
    status: 'completed',
  };
  return (await signVerificationToken(key, { ...verification, expiresIn: USUAL_SECONDS }, context.system)).token;
}

/**
 * One answer; its body is let go. The API must be there for the first request; a later one that gets no answer is a finding. Throws NotSent,
 * UnreachableError, InterruptedError.
 */
async function answerTo(context: Context, request: ApiCall, wasThere: boolean): ReturnType<Send> {
  const { system, timeoutSeconds, globals } = context;
  const { signal, sleep } = system;
  const fetch = globals.debug === true ? shown(context, true) : system.fetch;
  try {
    const answer = await exchange({ fetch, signal, limit: { ms: timeoutSeconds * 1000, sleep } }, request);
    await answer.discard();
    return answer;
  } catch (error) {
    const problem = error instanceof NotSent ? error.cause : error;
    if (problem instanceof InterruptedError || !(problem instanceof UnreachableError) || !wasThere) throw error;
    return { status: 0, headers: new Headers(), problem: problem.message };
  }
}
