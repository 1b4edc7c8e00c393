/** Runs this program's own commands in this process, as a person would type them. */
import { Writable } from 'node:stream';
import { main } from '../program.js';
import type { Output, System } from '../../system.js';

export interface InnerOptions {
  /** Replaces parts of the outside world for this run. */
  world?: Partial<System>;
  /** Sees standard output as it comes, line by line. */
  onLine?: (line: string) => void;
  /** Lets standard error through to the person instead of keeping it. */
  showErrors: boolean;
}

export interface InnerOutcome {
  status: number;
  stdout: string;
  /** Standard error, where it was kept. */
  stderr: string;
}

/** Runs one command to its end. Never rejects; the outcome has the status, as a shell would give it. */
export async function runInner(system: System, argv: string[], options: InnerOptions): Promise<InnerOutcome> {
  const stdout = capture(options.onLine);
  const stderr = capture();
  const status = await main({
    ...system,
    ...options.world,
    argv,
    stdout: stdout.stream,
    stderr: options.showErrors ? system.stderr : stderr.stream,
  });
  return { status, stdout: stdout.text(), stderr: stderr.text() };
}

/** A command of ours that goes on until it is stopped, such as `hook serve`. */
export interface Server<Ready> {
  ready: Ready;
  stop(): Promise<void>;
}

/**
 * Starts a server command (with `--json`) and waits for its ready line. Resolves with the outcome instead when the command
 * ends before it is ready.
 */
export async function startInner<Ready>(
  system: System,
  argv: string[],
  world: Partial<System>,
): Promise<Server<Ready> | InnerOutcome> {
  const stopping = new AbortController();
  const signal = AbortSignal.any([system.signal, stopping.signal]);
  let ready: (line: Ready) => void;
  const isReady = new Promise<Ready>((resolve) => (ready = resolve));
  const ended = runInner(system, [...argv, '--json'], {
    world: { ...world, signal },
    showErrors: false,
    onLine(line) {
      const event = JSON.parse(line) as { type: string };
      if (event.type === 'ready') ready(event as Ready);
    },
  });
  const first = await Promise.race([isReady.then((line) => ({ line })), ended]);
  if (!('line' in first)) return first;
  return {
    ready: first.line,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

/** A command as a person types it into a shell. */
export function commandLine(argv: string[]): string {
  const words = argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`));
  return ['stepup', ...words].join(' ');
}

/** A stream that keeps what is written to it, or hands it on line by line. */
function capture(onLine?: (line: string) => void): { stream: Output; text(): string } {
  let text = '';
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Uint8Array, _encoding, done) {
      text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
      if (onLine) {
        const lines = text.split('\n');
        text = lines.pop() ?? '';
        lines.forEach(onLine);
      }
      done();
    },
  });
  return { stream, text: () => text };
}
