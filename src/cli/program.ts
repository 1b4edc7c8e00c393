/** The program: reads the command line, runs the command that it names, reports what went wrong. */
import { Command, CommanderError } from 'commander';
import { InterruptedError, ReaderGoneError, UsageError } from '../errors.js';
import type { System } from '../system.js';
import type { Context, Globals } from './context.js';
import { tree, type Group, type Handle, type Leaf, type Only } from './tree.js';
import { version } from '../version.js';

type HandleFor = (only: Only | undefined) => Handle;

/**
 * Runs the program once. Resolves with the exit status and never rejects; whatever happens is said on the system's
 * streams. Two runs in one process share nothing.
 */
export async function main(system: System): Promise<number> {
  const argv = normalise(system.argv);
  let status = 0;
  const handleFor =
    (only: Only | undefined): Handle =>
    (run) =>
    async (...values) => {
      const command = values.pop() as Command;
      const { createContext } = await import('./context.js');
      const context = await createContext(system, command.optsWithGlobals<Globals>());
      if (only) await refuseElsewhere(context, only);
      status = (await run(context, ...(values as never))) ?? 0;
    };
  try {
    await buildProgram(system, handleFor).parseAsync(argv, { from: 'user' });
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
  // Help for a command that there is not would be everybody's, and the mistake would go unseen.
  const [first = '-'] = words;
  if (!first.startsWith('-') && !Object.hasOwn(tree, first))
    words = words.filter((word) => !/^(-h|--help)$/.test(word));
  const end = words.indexOf('--');
  return words.map((word, at) => (word === '--emulator' && (end < 0 || at < end) ? '--emulator=running' : word));
}

function buildProgram(system: System, handleFor: HandleFor): Command {
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
    .option('--tenant <id>', "the emulator's tenant")
    .option('--provider <name>', 'prelude or dynamic')
    .option('--app <id>', 'Prelude: application id')
    .option('--domain <host>', "Prelude: host of the application's frontend API")
    .option('--management-url <url>', 'Prelude: address of the management API')
    .option('--management-key-file <file>', 'Prelude: file with the management key, - for standard input')
    .option('--environment <id>', 'Dynamic: environment id')
    .option('--api-url <url>', 'Dynamic: address of the API')
    .option('--origin <url>', 'Dynamic: origin of the app, as the environment allows it')
    .option('--json', 'print JSON')
    .option('--no-input', 'never ask; fail with status 5 instead')
    .option('--timeout <seconds>', 'limit of each network wait (30)')
    .option('--debug', 'show the HTTP exchange, secrets redacted')
    .addHelpText(
      'after',
      '\nStart here:\n  $ stepup tutorial          see it work, without an account\n  $ stepup init              set up your own application\n',
    );
  mount(program, tree, handleFor);
  return program;
}

function mount(parent: Command, children: Record<string, Leaf | Group>, handleFor: HandleFor, groupOnly?: Only): void {
  const leaves = new Map<Command, Leaf>();
  for (const [name, child] of Object.entries(children)) {
    const command = parent.command(name).description(child.summary);
    if ('verbs' in child) {
      command.helpCommand(false);
      mount(command, child.verbs, handleFor, child.only);
    } else {
      leaves.set(command, child);
    }
  }
  parent.hook('preSubcommand', async (_parent, command) => {
    const leaf = leaves.get(command);
    if (leaf) (await leaf.load()).define(command, handleFor(leaf.only ?? groupOnly));
  });
}

/** What one service has is refused at the other, with what does the job there. Throws UsageError COMMAND_UNSUPPORTED. */
async function refuseElsewhere(context: Context, { provider, instead }: Only): Promise<void> {
  const target = await context.target();
  if (target.provider === provider) return;
  const [here, there] = target.provider === 'prelude' ? ['Prelude', 'Dynamic'] : ['Dynamic', 'Prelude'];
  throw new UsageError('COMMAND_UNSUPPORTED', `${here} has no such thing; the command is one of ${there}.`, {
    field: '--provider',
    hint: instead,
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

/** Of a program that SIGPIPE has ended: 128 and its number. */
const READER_GONE = 141;

async function report(system: System, argv: string[], error: unknown): Promise<number> {
  // `… | head` has all that it wants, and no use for a message.
  if (error instanceof InterruptedError && system.signal.reason instanceof ReaderGoneError) return READER_GONE;
  const [{ errorDocument, errorText, exitStatus }, { styleFor }, { printableJson, steered }] = await Promise.all([
    import('./errors.js'),
    import('./terminal/style.js'),
    import('./terminal/printable.js'),
  ]);
  const end = argv.indexOf('--');
  // What comes after `--` is another program's.
  const text = (end < 0 ? argv : argv.slice(0, end)).includes('--json')
    ? printableJson(errorDocument(error, argv))
    : steered(errorText(error, argv, await styleFor(system.env, system.stderr), version));
  system.stderr.write(`${text}\n`);
  return exitStatus(error);
}
