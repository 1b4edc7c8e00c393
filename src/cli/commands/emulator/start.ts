import type { Command } from 'commander';
import type { EmulatorEvent, Message, Ready } from '../../../emulator/emulator.js';
import { StepupError } from '../../../errors.js';
import type { Context } from '../../context.js';
import { emulatorClient, type EmulatorClient } from '../../emulator-client.js';
import type { Handle } from '../../tree.js';
import { interrupted } from '../../serving.js';
import { eventInWords, isToldByRequest } from './event.js';
import { emulatorOptions, openEmulator, type EmulatorOptions } from './opening.js';

export interface Options extends EmulatorOptions {
  showCodes?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  emulatorOptions(command, { http: '4780', https: '4743' })
    .option('--show-codes', 'show the codes of the messages that it "sends"')
    .addHelpText(
      'after',
      `
Other commands find it with --emulator. With --json the first line is the ready object, each later one an event. End it
with Ctrl-C.

Examples:
  $ stepup emulator start --show-codes
  $ stepup emulator start --port 0 --https-port 0 --json --seed seed.yaml --rng-seed tests
  $ stepup emulator start --store redis://127.0.0.1:6379
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Starts the emulator and prints what happens until it is interrupted; then the status is 0. Throws FailedError (PORT_IN_USE,
 * LISTEN_FAILED, FILE_UNREADABLE, FILE_UNWRITABLE, STORE_AWAY, STORE_UNWRITABLE) with nothing left running, UsageError FLAG_INVALID,
 * URL_INVALID.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal, system, store } = context;
  const log = createLog(context);
  const emulator = await openEmulator(context, options, { home: store.folder, onEvent: log.add });
  const { ready } = emulator;
  try {
    const isShared = options.allowRemote === true || options.publicUrl !== undefined;
    terminal.result(ready, () => readyInWords(ready, context, isShared));
    terminal.note('End it with Ctrl-C.');
    log.open(options.showCodes ? await emulatorClient(context, ready) : undefined);
    await interrupted(system.signal);
  } finally {
    try {
      await emulator.close();
    } finally {
      await log.end();
    }
  }
}

function readyInWords(ready: Ready, { terminal: { out }, system: { env } }: Context, isShared: boolean): string {
  // Whoever has set the token knows it, and others may read what is printed.
  const page =
    isShared && env.STEPUP_EMULATOR_CONTROL_TOKEN
      ? `${ready.controlUrl}/ui#token=$STEPUP_EMULATOR_CONTROL_TOKEN`
      : uiAddress(ready);
  return [
    `The emulator is ready: ${out.bold(ready.url)}`,
    `  https        ${ready.httpsUrl}  (certificate: ${ready.caCert})`,
    `  application  ${ready.prelude.appId}, domain ${ready.prelude.sessionDomain} for the SDK`,
    `  control API  ${ready.controlUrl}`,
    `  web page     ${page}`,
    'Other commands find it with --emulator, as in: stepup login --emulator --phone +33612345678',
  ].join('\n');
}

/** The web page's address. A fragment is never sent: the token in it stays in the browser. */
function uiAddress({ controlUrl, controlToken }: Ready): string {
  return `${controlUrl}/ui#token=${encodeURIComponent(controlToken)}`;
}

interface Log {
  add(event: EmulatorEvent): void;
  /** From now on events are printed, those that came before first. */
  open(codes: EmulatorClient | undefined): void;
  /** Resolves when everything is printed. */
  end(): Promise<void>;
}

/** Prints events in their order, the ready line before all of them. Looking up a code takes a moment; what follows waits. */
function createLog({ terminal, system: { stdout } }: Context): Log {
  let gathering = false;
  /** What is printed in one turn goes out in one write: under load a write for each event costs more than the event. */
  const gather = (): void => {
    if (gathering) return;
    gathering = true;
    stdout.cork();
    setImmediate(() => {
      gathering = false;
      stdout.uncork();
    });
  };
  const early: EmulatorEvent[] = [];
  let printed: Promise<void> | undefined;
  let inbox: EmulatorClient | undefined;
  /** The newest message that was told: only those after it are read. */
  let last: string | undefined;

  function print(event: EmulatorEvent, code?: string): void {
    gather();
    if (!terminal.json && isToldByRequest(event)) return;
    terminal.result(code === undefined ? event : { ...event, code }, () => eventInWords(event, code, terminal.out));
  }
  async function printWithCode(event: EmulatorEvent, codes: EmulatorClient): Promise<void> {
    const message = event.type === 'message' ? await readMessage(codes, event.messageId, last) : undefined;
    last = message?.id ?? last;
    print(event, message?.code);
  }
  const add = (event: EmulatorEvent): void => {
    if (printed === undefined) early.push(event);
    else if (inbox === undefined) print(event);
    else {
      const codes = inbox;
      printed = printed.then(() => printWithCode(event, codes));
    }
  };
  return {
    add,
    open(codes) {
      inbox = codes;
      printed = Promise.resolve();
      early.forEach(add);
    },
    end: async () => printed,
  };
}

async function readMessage(
  inbox: EmulatorClient,
  messageId: unknown,
  after: string | undefined,
): Promise<Message | undefined> {
  try {
    return (await inbox.messages({ after })).find(({ id }) => id === messageId);
  } catch (error) {
    // The emulator is being stopped: the message is told without its code.
    if (error instanceof StepupError) return undefined;
    throw error;
  }
}
