import type { Command } from 'commander';
import { FailedError, InputNeededError, UsageError } from '../../errors.js';
import { parseEmail, parsePhone } from '../../providers/identifiers.js';
import type { LoginMethod, Provider, SessionInfo, StepEvent } from '../../providers/provider.js';
import { sessionKeyOf } from '../../providers/target.js';
import { startBrowserLogin, type BrowserLogin } from '../browser.js';
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
  loginConfig?: string | undefined;
  /** File of the password, or `-`. */
  passwordFile?: string | undefined;
  /** True asks for the password. */
  password?: boolean | undefined;
  signUp?: boolean | undefined;
  /** A social account: `google`, `github` … */
  oauth?: string | undefined;
  /** False prints the address instead of opening a browser. */
  browser?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--phone <number>', 'phone number in E.164, e.g. +33612345678')
    .option('--email <address>', 'email address')
    .option('--login-config <id>', 'Prelude: the login configuration that sends the code')
    .option('--password', 'Prelude: log in with --email and a password, which is asked for')
    .option('--password-file <file>', 'Prelude: file with the password, - for standard input')
    .option('--sign-up', 'Prelude: make a user with --email and a password')
    .option('--oauth <provider>', 'Prelude: a social account: google, apple, microsoft, github, okta, facebook')
    .option('--no-browser', 'print the address to open instead of opening it')
    .option('--passkey [id]', 'a passkey of the store')
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
  const given = await loginMethod(context, options);
  const provider = await context.provider();
  if (given?.kind === 'phone' || given?.kind === 'email') source.ready(undefined, provider.codeForm);
  const before = await presentSession(context, provider);
  if (before) terminal.note(`This will replace the session of ${before.userId}.`);
  const show = (event: StepEvent, triesLeft: number): void => noteEvent(terminal, event, triesLeft);
  if (options.oauth !== undefined && options.browser !== false && !terminal.interactive) {
    throw new InputNeededError('INPUT_NEEDED', 'A login through a browser needs somebody at it.', {
      field: '--oauth',
      hint: 'With --no-browser it prints the address, and waits for whoever opens it.',
    });
  }
  const browser = options.oauth === undefined ? undefined : await startBrowserLogin(context, options.browser !== false);
  const method = given ?? { kind: 'oauth', provider: options.oauth ?? '', redirectUri: browser?.redirectUri ?? '' };
  const answers = { codes: source, visit: browser?.visit };
  const outcome = await closing(browser, () => walk(context, provider.login(method), answers, show));
  if (outcome.type !== 'logged-in') throw new TypeError('a login ended with a grant');
  const { session } = outcome;
  terminal.result(
    { session },
    () => `Logged in as ${session.userId}${session.identifier === undefined ? '' : ` (${session.identifier})`}`,
  );
}

async function closing<T>(browser: BrowserLogin | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await browser?.close();
  }
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

/** How to log in; undefined for a social account, which needs a listener first. */
async function loginMethod(context: Context, options: Options): Promise<LoginMethod | undefined> {
  const { terminal, system } = context;
  const { phone, email, passkey, wallet, jwt, loginConfig } = options;
  refuseTogether(options);
  if (options.oauth !== undefined) return undefined;
  if (wantsPassword(options)) return passwordMethod(context, options);
  if (phone !== undefined) return { kind: 'phone', phone: parsePhone(phone, '--phone'), loginConfig };
  if (email !== undefined) return { kind: 'email', email: parseEmail(email, '--email'), loginConfig };
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
  return { ...methodOf(answer), loginConfig };
}

/** One way to log in is enough. Throws UsageError FLAG_CONFLICT. */
function refuseTogether(options: Options): void {
  const ways = (['phone', 'email', 'passkey', 'wallet', 'jwt', 'oauth'] as const).filter(
    (name) => options[name] !== undefined,
  );
  const [first, second] = ways;
  if (first && second) {
    throw new UsageError('FLAG_CONFLICT', `--${first} and --${second} cannot be used together.`, {
      field: `--${second}`,
    });
  }
  if (wantsPassword(options) && first !== undefined && first !== 'email') {
    throw new UsageError('FLAG_CONFLICT', `A password goes with --email, not with --${first}.`, {
      field: `--${first}`,
    });
  }
}

function wantsPassword({ password, passwordFile, signUp }: Options): boolean {
  return password === true || passwordFile !== undefined || signUp === true;
}

/** A password comes from a file, standard input or a prompt without echo. A new one is held against the policy. */
async function passwordMethod(context: Context, options: Options): Promise<LoginMethod> {
  const { terminal, system } = context;
  const { passwordFile, signUp } = options;
  const email = parseEmail(
    options.email ?? (await terminal.ask({ message: 'Email address', flag: '--email' })),
    '--email',
  );
  if (signUp) {
    const policy = await (await context.prelude()).passwordPolicy();
    const { newPassword } = await import('../new-password.js');
    return { kind: 'password', email, password: await newPassword(context, { passwordFile }, policy), signUp };
  }
  const password =
    passwordFile === undefined
      ? await terminal.ask({ message: 'Password', flag: '--password-file', secret: true })
      : await readSecret(system, passwordFile, '--password-file');
  return { kind: 'password', email, password };
}

function methodOf(text: string): Extract<LoginMethod, { kind: 'phone' | 'email' }> {
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
