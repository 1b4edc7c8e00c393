/** The stage that both walks play on: it runs our own commands, shows them, and stops at the first that fails. */
import { PassThrough } from 'node:stream';
import { InterruptedError } from '../../errors.js';
import type { Input, System } from '../../system.js';
import type { Context } from '../context.js';
import type { ErrorDocument } from '../errors.js';
import { runInner, startInner, type InnerOutcome, type Server } from './inner.js';
import { createTranscript, type Claims, type Transcript } from './transcript.js';

/** A command of the walk that failed: it has said its error already, so only its status goes on. */
export class StepFailed extends Error {
  constructor(readonly status: number) {
    super('a step of the tutorial failed');
  }
}

export interface StageOptions {
  /** Flags at the end of every command, such as `--emulator`. */
  flags: string[];
  /** Replaces parts of the outside world for every command. */
  world: Partial<System>;
  /** Whether a person answers the prompts. */
  interactive: boolean;
}

export interface Stage {
  transcript: Transcript;
  /**
   * Runs a command and shows it. `hide` keeps its standard output (a bare token) off the screen; `asks` lets its prompts through to
   * the person; `status` is the one that it must end with (0).
   */
  run(title: string, argv: string[], options?: { hide?: boolean; asks?: boolean; status?: number }): Promise<void>;
  /** Starts a server command, shows it, and stops it when the walk ends. */
  serve<Ready extends { url: string }>(
    title: string,
    argv: string[],
    describe: (ready: Ready) => string,
  ): Promise<Ready>;
  /** Runs a command for its JSON, unseen. */
  read<T>(argv: string[]): Promise<T>;
  /** The claims of the session's access token. */
  claims(): Promise<Claims>;
  /** Stops every server that was started, the newest first. */
  close(): Promise<void>;
}

/** The error that a command printed as JSON, on the last line of its standard error; undefined when it printed none. */
function errorIn(stderr: string): ErrorDocument['error'] | undefined {
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  return last.startsWith('{') ? (JSON.parse(last) as ErrorDocument).error : undefined;
}

/** The error that a server command printed as JSON, for a person. */
function inWords(stderr: string): string {
  const error = errorIn(stderr);
  if (!error) return stderr;
  return `Error: ${error.message}\n${error.hint === undefined ? '' : `${error.hint}\n`}`;
}

/** What a command printed with `--json`: its object, or the list of a stream's. Tokens are left out. */
function jsonResult(stdout: string): unknown {
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  const objects = lines.map((line): unknown =>
    JSON.parse(line, (name, value: unknown) => (name === 'token' ? undefined : value)),
  );
  return objects.length === 1 ? objects[0] : objects;
}

function emptyInput(): Input {
  const stream = new PassThrough();
  stream.end();
  return stream;
}

/**
 * Sets the stage for one walk. Its calls throw StepFailed after the failing command's own error was shown, and InterruptedError at
 * Ctrl-C, whatever the command made of it: it ends the servers as well.
 */
export function createStage({ system, terminal }: Context, options: StageOptions): Stage {
  const transcript = createTranscript(terminal);
  const servers: Server<unknown>[] = [];
  const quiet: Partial<System> = options.interactive ? options.world : { ...options.world, stdin: emptyInput() };

  function goOn(): void {
    if (system.signal.aborted) throw new InterruptedError();
  }

  function fail({ status, stderr }: InnerOutcome): never {
    goOn();
    if (status === 0) throw new TypeError('a step of the walk that was to be refused was not');
    if (stderr !== '') system.stderr.write(stderr);
    throw new StepFailed(status);
  }

  return {
    transcript,
    async run(title, argv, { hide = false, asks = false, status = 0 } = {}) {
      const shown = [...argv, ...options.flags];
      transcript.command(shown);
      goOn();
      const outcome = await runInner(system, terminal.json ? [...shown, '--json'] : shown, {
        world: quiet,
        showErrors: asks && options.interactive,
      });
      if (outcome.status !== status) fail(outcome);
      const said = status === 0 ? '' : `[status ${status}]\n`;
      transcript.answer(
        terminal.json
          ? {
              title,
              argv: shown,
              ...(status === 0 ? {} : { status }),
              result: jsonResult(outcome.stdout),
              error: errorIn(outcome.stderr),
            }
          : { title, argv: shown, text: `${outcome.stderr}${hide ? '' : outcome.stdout}${said}`.trimEnd() },
      );
    },
    async serve<Ready extends { url: string }>(title: string, argv: string[], describe: (ready: Ready) => string) {
      transcript.command(argv);
      goOn();
      const started = await startInner<Ready>(system, argv, quiet);
      if (!('stop' in started)) return fail(terminal.json ? started : { ...started, stderr: inWords(started.stderr) });
      servers.unshift(started);
      goOn();
      transcript.answer({ title, argv, text: describe(started.ready), result: { url: started.ready.url } });
      return started.ready;
    },
    async read<T>(argv: string[]) {
      const outcome = await runInner(system, [...argv, ...options.flags, '--json'], {
        world: quiet,
        showErrors: false,
      });
      if (outcome.status !== 0) fail(outcome);
      return JSON.parse(outcome.stdout) as T;
    },
    async claims() {
      return (await this.read<{ claims: Claims }>(['token', '--decode'])).claims;
    },
    async close() {
      for (const server of servers) await server.stop();
    },
  };
}
