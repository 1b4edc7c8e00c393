/** The command tree: names, one-line summaries and loaders. A command's module is loaded when it runs. */
import { Command, CommanderError } from 'commander';
import { UsageError } from '../errors.js';
import type { System } from '../system.js';
import type { Context, Globals } from './context.js';
import { version } from './version.js';

/** What a command's module exports: it adds arguments, options and action to the command that the tree made. */
export interface CommandModule {
  define(command: Command, handle: Handle): void;
}

/** Wraps a command's run: makes its context, awaits it, and keeps the status that it answers with (none is 0). */
export type Handle = <Values extends unknown[]>(
  run: (context: Context, ...values: Values) => Promise<number | void>,
) => (...values: unknown[]) => Promise<void>;

interface Leaf {
  summary: string;
  load: () => Promise<CommandModule>;
}
interface Group {
  summary: string;
  verbs: Record<string, Leaf>;
}

const tree: Record<string, Leaf | Group> = {
  tutorial: {
    summary: 'walk through step-up from start to end, on an emulator of its own',
    load: () => import('./commands/tutorial.js'),
  },
  init: { summary: 'set up an application under a profile', load: () => import('./commands/init.js') },
  profile: {
    summary: 'the applications that are set up',
    verbs: {
      list: { summary: 'list the profiles', load: () => import('./commands/profile/list.js') },
      use: { summary: 'make a profile the current one', load: () => import('./commands/profile/use.js') },
      show: {
        summary: 'show what a command would use, and from where',
        load: () => import('./commands/profile/show.js'),
      },
      remove: { summary: 'remove a profile', load: () => import('./commands/profile/remove.js') },
    },
  },
  config: {
    summary: "the application's step-up configuration",
    verbs: {
      create: { summary: 'make the step-up configuration', load: () => import('./commands/config/create.js') },
      show: { summary: 'show the step-up configuration', load: () => import('./commands/config/show.js') },
      update: {
        summary: 'change parts of the step-up configuration',
        load: () => import('./commands/config/update.js'),
      },
      delete: { summary: 'delete the step-up configuration', load: () => import('./commands/config/delete.js') },
    },
  },
  scope: {
    summary: 'the scopes that may be requested',
    verbs: {
      add: { summary: 'allow a scope to be requested', load: () => import('./commands/scope/add.js') },
      list: {
        summary: 'list the scopes, and where the two lists disagree',
        load: () => import('./commands/scope/list.js'),
      },
      remove: { summary: 'no longer allow a scope', load: () => import('./commands/scope/remove.js') },
    },
  },
  login: { summary: 'log in as a user of the application', load: () => import('./commands/login.js') },
  logout: { summary: 'end the session', load: () => import('./commands/logout.js') },
  whoami: { summary: 'show who is logged in', load: () => import('./commands/whoami.js') },
  request: { summary: 'request a scope and walk every step to the end', load: () => import('./commands/request.js') },
  check: {
    summary: 'is step-up needed for a scope? status 0: held, 7: needed',
    load: () => import('./commands/check.js'),
  },
  challenge: {
    summary: 'challenges under way',
    verbs: {
      list: { summary: 'list the open challenges', load: () => import('./commands/challenge/list.js') },
      show: { summary: 'show one challenge and its steps', load: () => import('./commands/challenge/show.js') },
      continue: {
        summary: 'go on with a challenge to its end',
        load: () => import('./commands/challenge/continue.js'),
      },
      discard: { summary: 'forget a challenge', load: () => import('./commands/challenge/discard.js') },
    },
  },
  otp: {
    summary: 'one code step at a time',
    verbs: {
      send: { summary: "send the code of a challenge's current step", load: () => import('./commands/otp/send.js') },
      check: { summary: 'check a code', load: () => import('./commands/otp/check.js') },
      retry: { summary: 'send the code again', load: () => import('./commands/otp/retry.js') },
    },
  },
  token: { summary: 'print the access token, or look into it', load: () => import('./commands/token.js') },
  hook: {
    summary: 'a step-up hook to play with',
    verbs: {
      serve: { summary: 'answer step-up calls with a fixed verdict', load: () => import('./commands/hook/serve.js') },
    },
  },
  emulator: {
    summary: 'the services on this machine',
    verbs: {
      start: { summary: 'start the emulator', load: () => import('./commands/emulator/start.js') },
      messages: { summary: 'read the messages that it "sent"', load: () => import('./commands/emulator/messages.js') },
    },
  },
};

/**
 * Runs the program once. Resolves with the exit status and never rejects; whatever happens is said on the system's
 * streams. Two runs in one process share nothing.
 */
export async function main(system: System): Promise<number> {
  const argv = normalise(system.argv);
  let status = 0;
  const handle: Handle =
    (run) =>
    async (...values) => {
      const command = values.pop() as Command;
      const { createContext } = await import('./context.js');
      const context = await createContext(system, command.optsWithGlobals<Globals>());
      status = (await run(context, ...(values as never))) ?? 0;
    };
  try {
    await buildProgram(system, handle).parseAsync(argv, { from: 'user' });
    return status;
  } catch (error) {
    if (!(error instanceof CommanderError)) return report(system, argv, error);
    if (error.exitCode === 0) return 0;
    // A bare group has shown its help already.
    if (error.code === 'commander.help' && !argv.includes('--json')) return 2;
    return report(system, argv, usageError(error));
  }
}

/** `stepup stepup …` and `stepup help …` are what readers of the service's tutorial type; a bare `--emulator` takes no word after it. */
function normalise(argv: readonly string[]): string[] {
  let words = [...argv];
  if (words[0] === 'stepup') words = words.slice(1);
  if (words[0] === 'help') words = [...words.slice(1), '--help'];
  const end = words.indexOf('--');
  return words.map((word, at) => (word === '--emulator' && (end < 0 || at < end) ? '--emulator=running' : word));
}

function buildProgram(system: System, handle: Handle): Command {
  const program = new Command('stepup')
    .description("The developer's terminal for step-up authentication.")
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void system.stdout.write(text),
      writeErr: (text) => void system.stderr.write(text),
      outputError: () => undefined, // usage errors are printed with all others, by `report`
      getOutHelpWidth: () => system.stdout.columns || 80,
      getOutHasColors: () => false,
    })
    .option('--profile <name>', 'the profile to use')
    .option('--emulator [url]', 'use the emulator that is running, or the one at this address')
    .option('--app <id>', 'application id')
    .option('--domain <host>', "host of the application's frontend API")
    .option('--management-url <url>', 'address of the management API')
    .option('--management-key-file <file>', 'file with the management key, - for standard input')
    .option('--json', 'print JSON')
    .option('--no-input', 'never ask; fail with status 5 instead')
    .option('--timeout <seconds>', 'limit of each network wait (30)')
    .option('--debug', 'show the HTTP exchange, secrets redacted')
    .addHelpText(
      'after',
      '\nStart here:\n  $ stepup tutorial          see it work, without an account\n  $ stepup init              set up your own application\n',
    );
  mount(program, tree, handle);
  return program;
}

function mount(parent: Command, children: Record<string, Leaf | Group>, handle: Handle): void {
  const loaders = new Map<Command, Leaf['load']>();
  for (const [name, child] of Object.entries(children)) {
    const command = parent.command(name).description(child.summary);
    if ('verbs' in child) {
      command.helpCommand(false);
      mount(command, child.verbs, handle);
    } else {
      loaders.set(command, child.load);
    }
  }
  parent.hook('preSubcommand', async (_parent, command) => {
    const load = loaders.get(command);
    if (load) (await load()).define(command, handle);
  });
}

function usageError(error: CommanderError): UsageError {
  const message = error.message.replace(/^error: /, '').replace(/\n/g, ' ');
  if (error.code === 'commander.help') {
    return new UsageError('USAGE', 'A command is missing.', { hint: 'See which there are with --help.', cause: error });
  }
  return new UsageError('USAGE', `${message.charAt(0).toUpperCase()}${message.slice(1)}`, {
    cause: error,
  });
}

async function report(system: System, argv: string[], error: unknown): Promise<number> {
  const [{ errorDocument, errorText, exitStatus }, { styleFor }, { printableJson, steered }] = await Promise.all([
    import('./errors.js'),
    import('./terminal/style.js'),
    import('./terminal/printable.js'),
  ]);
  const text = argv.includes('--json')
    ? printableJson(errorDocument(error, argv))
    : steered(errorText(error, argv, await styleFor(system.env, system.stderr), version));
  system.stderr.write(`${text}\n`);
  return exitStatus(error);
}
