import type { Command } from 'commander';
import { FailedError, InputNeededError, UsageError } from '../../errors.js';
import { parseEmail, parsePhone } from '../../providers/identifiers.js';
import type { LoginMethod, Provider, SessionInfo } from '../../providers/provider.js';
import { sessionKeyOf } from '../../providers/target.js';
import { addCodeFlags, createCodeSource, type CodeFlags } from '../codes.js';
import type { Context } from '../context.js';
import type { Handle } from '../tree.js';
import { readSecret } from '../secrets.js';
import { noteEvent, walk } from '../walk.js';

export interface Options extends CodeFlags {
  phone?: string | undefined;
  email?: string | undefined;
  /** True without an id: the only passkey, or a choice. */
  passkey?: string | true | undefined;
  /** True without a name: the only wallet. */
  wallet?: string | true | undefined;
  /** File of the token, or `-`. */
  jwt?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--phone <number>', 'phone number in E.164, e.g. +33612345678')
    .option('--email <address>', 'email address')
    .option('--passkey [id]', 'Dynamic: a passkey of the store')
    .option('--wallet [name]', 'Dynamic: a wallet of the store')
    .option('--jwt <file>', 'Dynamic: a token of your own backend, - for standard input');
  addCodeFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  $ stepup login --phone +33612345678
  $ stepup login --email user@example.com --code-command ./read-code.sh
  $ stepup login --wallet main
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Logs in; a session that was there is replaced. Throws UsageError (PHONE_INVALID, EMAIL_INVALID, FLAG_CONFLICT, WALLET_UNKNOWN,
 * ASSERTION_INVALID, COMMAND_UNSUPPORTED), InputNeededError and FailedError (store) before anything is sent, RefusedError,
 * UnreachableError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  const source = createCodeSource(context, options);
  const method = await loginMethod(context, options);
  const provider = await context.provider();
  if (method.kind === 'phone' || method.kind === 'email') source.ready(undefined, provider.codeForm);
  const before = await presentSession(context, provider);
  if (before) terminal.note(`This will replace the session of ${before.userId}.`);
  const outcome = await walk(context, provider.login(method), source, (event, triesLeft) =>
    noteEvent(terminal, event, triesLeft),
  );
  if (outcome.type !== 'logged-in') throw new TypeError('a login ended with a grant');
  const { session } = outcome;
  terminal.result(
    { session },
    () => `Logged in as ${session.userId}${session.identifier === undefined ? '' : ` (${session.identifier})`}`,
  );
}

/**
 * Who is logged in before. A store that cannot be read or written fails here, before a code is sent that could not be used;
 * a single session in it that cannot be read is about to be replaced, so it counts as none.
 */
async function presentSession({ store, target }: Context, provider: Provider): Promise<SessionInfo | undefined> {
  await store.updateSession(sessionKeyOf(await target()), (session) => session);
  try {
    return await provider.session();
  } catch (error) {
    if (error instanceof FailedError && error.code === 'STORE_CORRUPTED') return undefined;
    throw error;
  }
}

async function loginMethod({ terminal, system }: Context, options: Options): Promise<LoginMethod> {
  const { phone, email, passkey, wallet, jwt } = options;
  const given = (['phone', 'email', 'passkey', 'wallet', 'jwt'] as const).filter((name) => options[name] !== undefined);
  if (given.length > 1) {
    throw new UsageError('FLAG_CONFLICT', `--${given[0]} and --${given[1]} cannot be used together.`, {
      field: `--${given[1]}`,
    });
  }
  if (phone !== undefined) return { kind: 'phone', phone: parsePhone(phone, '--phone') };
  if (email !== undefined) return { kind: 'email', email: parseEmail(email, '--email') };
  if (passkey !== undefined) return { kind: 'passkey', using: passkey === true ? undefined : passkey };
  if (wallet !== undefined) return { kind: 'wallet', using: wallet === true ? undefined : wallet };
  if (jwt !== undefined) return { kind: 'jwt', jwt: await readSecret(system, jwt, '--jwt') };
  if (!terminal.interactive) {
    throw new InputNeededError('INPUT_NEEDED', 'A phone number or an email address is needed to log in.', {
      field: '--phone',
      hint: 'Give it with --phone or --email.',
    });
  }
  const answer = await terminal.ask({
    message: 'Phone number (E.164) or email address',
    flag: '--phone',
    problem: (text) => problemOf(() => methodOf(text)),
  });
  return methodOf(answer);
}

function methodOf(text: string): LoginMethod {
  return text.includes('@')
    ? { kind: 'email', email: parseEmail(text, '--email') }
    : { kind: 'phone', phone: parsePhone(text, '--phone') };
}

/** What is wrong, for the prompt to ask again. */
function problemOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return [error.message, error.hint].filter(Boolean).join(' ');
    throw error;
  }
}
