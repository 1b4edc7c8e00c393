import { constants } from 'node:os';
import type { Command } from 'commander';
import { UsageError, type StepupError } from '../../errors.js';
import type { ApiCredentials, Provider } from '../../providers/provider.js';
import { ELEVATED_HEADER, parseElevatedHeader } from '../../resource/authorization.js';
import type { Env } from '../../system.js';
import { addApiFlags, createApiClient, demandInWords, type ApiFlags } from '../api-client.js';
import { collect } from '../collect.js';
import type { Context } from '../context.js';
import {
  addStepUpFlags,
  credentialsHolding,
  inputReader,
  stepUpSource,
  type StepUpFlags,
  type StepUpSource,
} from '../elevate.js';
import { keepFresh } from '../exec/keep-fresh.js';
import { maskStream } from '../exec/mask.js';
import { startProxy, type Proxy } from '../exec/proxy.js';
import { maskCommands } from '../exec/register.js';
import { allowOrigin, parseOrigin } from '../origins.js';
import { withoutOurSecrets } from '../secrets.js';
import type { Handle } from '../tree.js';
import { createTerminal } from '../terminal/terminal.js';

export interface Options extends StepUpFlags, ApiFlags {
  scope?: string[] | undefined;
  /** The one origin that a proxy leads to. */
  proxy?: string | undefined;
  mask?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('<command...>', 'the command with its arguments, after --')
    .usage('[options] -- COMMAND...')
    .option('--scope <scope>', 'a scope that its token holds, by stepping up where none does; may be repeated', collect)
    .option('--proxy <origin>', 'also a proxy to this origin of your API, which adds the tokens to each call')
    .option('--mask', 'mask tokens in what the command prints into a pipe');
  addStepUpFlags(addApiFlags(command))
    .addHelpText(
      'after',
      `
The command finds the access token in STEPUP_ACCESS_TOKEN; at Dynamic the elevated one in STEPUP_ELEVATED_ACCESS_TOKEN, beside it.
A token ends when it ends: for a command that takes longer, or sends proofs (DPoP), --proxy gives it STEPUP_PROXY_URL, an address on this
machine under which it calls ORIGIN as itself, and every call has fresh tokens. When the API asks for it, you step up, and the call is
made once more. The proxy ends with the command.

The status is the command's: 128 and the signal's number when a signal ended it, 127 when it cannot be started. A grant for a single use is
spent by it. No management key is in its environment. On GitHub Actions and Azure Pipelines the tokens are registered as secrets of the log.

Examples:
  $ stepup exec --scope transfer:write -- ./transfer.sh
  $ stepup exec --proxy https://api.example.com --scope transfer:write -- sh -c 'curl "$STEPUP_PROXY_URL/transfers"'
  $ stepup exec --scope report:read --mask -- node report.js | tee report.log
`,
    )
    .action(handle((context, words: string[], options: Options) => run(context, words, options)));
}

/**
 * Runs a command as the user who is logged in; resolves with the command's status. Throws UsageError (FLAG_INVALID, SCOPE_INVALID,
 * ORIGIN_INVALID, ORIGIN_NOT_ALLOWED), SessionError, what a step-up throws, FailedError COMMAND_NOT_STARTED and GRANT_GONE,
 * InterruptedError for a signal that comes before the command runs.
 */
export async function run(context: Context, words: string[], options: Options): Promise<number> {
  const { system, terminal } = context;
  const scopes = [...new Set(options.scope)];
  const origin = options.proxy === undefined ? undefined : parseOrigin(options.proxy, '--proxy');
  if (origin !== undefined) await allowOrigin(context, origin, options.allowOrigin ?? [], options);
  const reader = inputReader(options);
  if (reader !== undefined) {
    throw new UsageError('FLAG_CONFLICT', `${reader} - reads the standard input that is the command’s.`, {
      field: reader,
    });
  }
  const done = new AbortController();
  const ending = await endingWith(context, done.signal);
  const source = stepUpSource(ending, options);
  let proxy: Proxy | undefined;
  let keeping: Promise<void> | undefined;
  try {
    const provider = await context.provider();
    const { credentials } = await credentialsHolding(ending, provider, scopes, source);
    let started = false;
    try {
      const secrets: string[] = [];
      const learn = (...found: (string | undefined)[]): void => {
        const fresh = found.filter((each) => each !== undefined && !secrets.includes(each)) as string[];
        secrets.push(...fresh);
        for (const line of maskCommands(system.env, fresh)) system.stderr.write(`${line}\n`);
      };
      learn(credentials.accessToken, credentials.elevatedToken);
      if (origin !== undefined) {
        const secret = Buffer.from(system.randomBytes(16)).toString('base64url');
        learn(secret);
        const firstOf = handingOver(provider, credentials, { learn, now: system.now });
        proxy = await openProxy(ending, { provider: firstOf, origin, secret, scopes, source, options });
        keeping = keepFresh(provider, system, ending.system.signal, (error) =>
          terminal.warn(`The session could not be renewed: ${inWords(error)}`),
        );
        // What it throws is thrown below, when the command has ended.
        keeping.catch(() => undefined);
      }
      const env = environment(system.env, credentials, proxy);
      system.signal.throwIfAborted();
      const mask = options.mask === true ? { through: () => maskStream(secrets) } : {};
      const end = await system.exec(words, { env, ...mask, onStart: () => void (started = true) });
      if (credentials.singleUse) terminal.note(`The token for ${scopes.join(' ')} was for a single use: it is gone.`);
      else if (!proxy && Date.parse(credentials.expiresAt) <= system.now()) {
        terminal.note(
          `The token ended (${credentials.expiresAt}) before the command did; --proxy gives it fresh ones.`,
        );
      }
      return 'status' in end ? end.status : 128 + constants.signals[end.signal];
    } finally {
      if (!started) await credentials.giveBack();
    }
  } finally {
    done.abort();
    source.codes.close();
    await proxy?.close();
    await keeping;
  }
}

/** What another `exec` around this one has set. */
const SET_HERE = /^STEPUP_(ACCESS_TOKEN|ELEVATED_ACCESS_TOKEN|PROXY_URL)$/i;
const PROXIES = /^(https?|all)_proxy$/i;

function environment(env: Env, { accessToken, elevatedToken }: ApiCredentials, proxy: Proxy | undefined): Env {
  return {
    ...Object.fromEntries(Object.entries(withoutOurSecrets(env)).filter(([name]) => !SET_HERE.test(name))),
    STEPUP_ACCESS_TOKEN: accessToken,
    ...(elevatedToken === undefined ? {} : { STEPUP_ELEVATED_ACCESS_TOKEN: elevatedToken }),
    ...(proxy === undefined ? {} : { STEPUP_PROXY_URL: proxy.url, ...directly(env) }),
  };
}

/** Where calls go through a proxy of the network, those to ours do not: it could not reach us, and would see them. */
function directly(env: Env): Env {
  const known = env.no_proxy ?? env.NO_PROXY;
  if (known === '*' || !Object.keys(env).some((name) => PROXIES.test(name))) return {};
  const all = [known, '127.0.0.1'].filter(Boolean).join(',');
  return { NO_PROXY: all, no_proxy: all };
}

/** The context, with calls and questions that end when the command has. */
async function endingWith(context: Context, signal: AbortSignal): Promise<Context> {
  const both = AbortSignal.any([context.system.signal, signal]);
  // Its streams open when they are read: they stay behind their getters.
  const system = Object.create(context.system, { signal: { value: both } }) as Context['system'];
  const { json = false, input = true } = context.globals;
  return { ...context, system, terminal: await createTerminal(system, { json, input }) };
}

/** The first call through the proxy that needs it takes the grant for a single use that the command has in its environment. */
function handingOver(
  provider: Provider,
  credentials: ApiCredentials,
  { learn, now }: { learn: (...secrets: (string | undefined)[]) => void; now: () => number },
): Provider {
  let left = credentials.singleUse ? credentials : undefined;
  const credentialsOf: Provider['credentialsFor'] = async (wanted) => {
    if (left && Date.parse(left.expiresAt) <= now()) left = undefined;
    const mine = left;
    if (!mine || wanted.length === 0 || !wanted.every((scope) => mine.scopes.includes(scope))) {
      const found = await provider.credentialsFor(wanted);
      learn(found?.accessToken, found?.elevatedToken);
      return found;
    }
    left = undefined;
    const giveBack = (): Promise<void> => {
      left = mine;
      return Promise.resolve();
    };
    return { ...mine, giveBack };
  };
  return Object.create(provider, { credentialsFor: { value: credentialsOf } }) as Provider;
}

interface ProxyWish {
  provider: Provider;
  origin: string;
  secret: string;
  scopes: string[];
  source: StepUpSource;
  options: Options;
}

function openProxy(context: Context, { provider, origin, secret, scopes, source, options }: ProxyWish): Promise<Proxy> {
  const { terminal } = context;
  const told = new Set<string>();
  const onFailure = (error: StepupError): void => {
    const words = inWords(error);
    // A command that asks again and again is told once why it gets nothing.
    if (!told.has(words)) terminal.warn(`The API wants a step-up, which has failed: ${words}`);
    told.add(words);
  };
  const caller = createApiClient(context, { provider, scopes, source, flags: options, limited: false, onFailure });
  return startProxy({
    origin,
    caller,
    scopes,
    secret,
    elevatedHeader:
      options.elevatedHeader === undefined ? ELEVATED_HEADER : parseElevatedHeader(options.elevatedHeader),
    onProblem: (words) => terminal.warn(`The proxy: ${words}`),
    onAnswer: ({ demand, steppedUp }) => {
      // What could not be stepped up for is told where that failed.
      const isTold = demand?.kind === 'scope' && demand.scopes.length > 0 && !steppedUp;
      const words = isTold ? undefined : demandInWords(demand, steppedUp);
      if (words !== undefined) terminal.warn(words);
    },
  });
}

function inWords({ message, hint }: StepupError): string {
  return hint === undefined ? message : `${message} ${hint}`;
}
