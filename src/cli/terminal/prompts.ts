/** Questions to a person. The prompts run on our own streams, so that a test can type and read. */
import { Writable } from 'node:stream';
import { InputNeededError, InterruptedError } from '../../errors.js';
import type { Input, Output, System } from '../../system.js';

/** A flag and its prompt are one object, so that neither is forgotten. */
export interface Question {
  /** What is asked, e.g. `Phone number (E.164)`. */
  message: string;
  /** The flag that answers it without a prompt, e.g. `--phone`. */
  flag: string;
  /** Text that stands there to be taken with Enter. */
  default?: string | undefined;
  /** Typed without echo. */
  secret?: boolean | undefined;
  /** Says what is wrong with an answer, or undefined. */
  problem?: ((answer: string) => string | undefined) | undefined;
}

export interface Option {
  value: string;
  label: string;
}

type Streams = Pick<System, 'stdin' | 'stderr' | 'signal'>;

/** Asks for a line of text. Throws InterruptedError when the person leaves. */
export async function askText(streams: Streams, question: Question): Promise<string> {
  const { input, password } = await import('@inquirer/prompts');
  const validate = (answer: string): string | true => question.problem?.(answer.trim()) ?? true;
  const config = { message: question.message, validate };
  const answer = await settle(streams, (io) =>
    question.secret
      ? password({ ...config, mask: false, toggleMask: false, theme: { style: { maskedText: '(not shown)' } } }, io)
      : input({ ...config, ...(question.default === undefined ? {} : { default: question.default }) }, io),
  );
  return answer.trim();
}

/** Lets the person choose one of several. Throws InterruptedError when the person leaves. */
export async function askChoice(streams: Streams, message: string, options: Option[]): Promise<string> {
  const { select } = await import('@inquirer/prompts');
  const choices = options.map(({ value, label }) => ({ value, name: label }));
  return settle(streams, (io) => select({ message, choices }, io));
}

/** Asks yes or no. Throws InterruptedError when the person leaves. */
export async function askYesNo(streams: Streams, message: string, preset: boolean): Promise<boolean> {
  const { confirm } = await import('@inquirer/prompts');
  return settle(streams, (io) => confirm({ message, default: preset }, io));
}

/** The error of a question that nobody can be asked. */
export function cannotAsk(what: string, flag: string): InputNeededError {
  return new InputNeededError('INPUT_NEEDED', `${what} is needed, and there is nobody to ask.`, {
    field: flag,
    hint: `Give it with ${flag}.`,
  });
}

interface PromptStreams {
  input: Input;
  output: Output;
  signal: AbortSignal;
}

async function settle<T>({ stdin, stderr, signal }: Streams, ask: (io: PromptStreams) => Promise<T>): Promise<T> {
  // Ctrl-D and a terminal that hangs up close the prompt's reader, which pauses the input, without settling the prompt.
  const left = new AbortController();
  const leave = (): void => void setImmediate(() => left.abort());
  stdin.once('pause', leave).once('end', leave);
  try {
    return await ask({ input: stdin, output: unended(stderr), signal: AbortSignal.any([signal, left.signal]) });
  } catch (error) {
    if (error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')) {
      throw new InterruptedError();
    }
    throw error;
  } finally {
    stdin.off('pause', leave).off('end', leave);
  }
}

/** The stream behind one that may be ended: a prompt ends its output when it is done, and ours is still needed. */
function unended(stream: Output): Output {
  const output = new Writable({ write: (chunk: Buffer, encoding, done) => void stream.write(chunk, encoding, done) });
  return Object.assign(output, { isTTY: stream.isTTY, columns: stream.columns });
}
