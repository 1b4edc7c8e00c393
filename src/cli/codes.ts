/**
 * Where one-time codes come from. In this order: `--code VALUE`, `--code -` (lines of standard input), `--code-command`, a
 * prompt. Standard input is read only when `-` asks for it: a guessed read would eat what was piped to somebody else, or
 * wait for ever in a job whose input never ends.
 */
import { createInterface, type Interface } from 'node:readline';
import type { Command } from 'commander';
import { DEFAULT_TENANT } from '../emulator/tenant-names.js';
import { FailedError, InputNeededError, InterruptedError, RefusedError, UsageError } from '../errors.js';
import type { PendingStep } from '../providers/provider.js';
import type { Env, System } from '../system.js';
import { collect } from './collect.js';
import { withoutOurSecrets } from './secrets.js';
import type { ResolvedTarget } from '../target/target.js';
import type { Terminal } from './terminal/terminal.js';

export interface CodeFlags {
  /** Values of `--code`, one a step in order, or the single `-`. */
  code?: string[] | undefined;
  codeCommand?: string | undefined;
}

/** The step that a code is for. */
export type CodeStep = Pick<PendingStep, 'challengeId' | 'key' | 'channel' | 'scope' | 'sentAt' | 'resend'> &
  Partial<Pick<PendingStep, 'kind' | 'accepts' | 'compute' | 'verificationId'>>;

export type CodeAnswer =
  /** `final`: when this code is refused, no other one may be tried. */
  { kind: 'code'; code: string; final: boolean } | { kind: 'resend' };

export interface CodeSource {
  /** True while the next code is awaited without a prompt, so that the wait is worth showing. */
  readonly waits: boolean;
  /**
   * Throws InputNeededError when nobody and nothing can give a code, UsageError FLAG_INVALID for one that is not of the step's form. Call
   * it before a code is sent.
   */
  ready(challengeId?: string, accepts?: PendingStep['accepts']): void;
  /**
   * The code for a step; `refused` are those that the service refused at it. Throws FailedError CODE_COMMAND_FAILED,
   * RefusedError CODE_WRONG when a command prints a refused code again, InputNeededError when the input has ended, and
   * InterruptedError.
   */
  next(step: CodeStep, refused: readonly string[]): Promise<CodeAnswer>;
  /** Lets go of standard input, so that the process can end. */
  close(): void;
}

type Tools = {
  system: Pick<System, 'env' | 'run' | 'signal' | 'stdin'>;
  terminal: Pick<Terminal, 'ask' | 'interactive'>;
  target?: () => Promise<Chosen>;
};

type Chosen = Pick<ResolvedTarget, 'emulatorUrl' | 'tenant'>;

const COMMAND_LIMIT_MS = 60_000;

/** What is typed at the prompt to have the code sent again. */
const RESEND = /^resend$/i;

/** Adds `--code` and `--code-command` to a command. */
export function addCodeFlags(command: Command): Command {
  return command
    .option(
      '--code <code>',
      'a code, once for each step in order; - reads them from standard input, one a line',
      collect,
    )
    .option('--code-command <command>', 'a shell command that prints the code; it runs when the code was sent');
}

/** The source that the flags and the terminal make. Throws UsageError FLAG_CONFLICT, and FLAG_INVALID for what is no code. */
export function createCodeSource(tools: Tools, { code, codeCommand }: CodeFlags): CodeSource {
  if (code !== undefined && codeCommand !== undefined) {
    throw new UsageError('FLAG_CONFLICT', '--code and --code-command cannot be used together.', {
      field: '--code-command',
    });
  }
  if (codeCommand !== undefined) return fromCommand(tools, codeCommand);
  if (code?.includes('-')) return fromLines(tools.system, code);
  return fromValues(code ?? [], fromPrompt(tools.terminal));
}

function fromValues(values: string[], after: CodeSource): CodeSource {
  // Which step a code is for is not known yet, so this is what any of them could be.
  const left = values.map((value) => tidy(value, ANY_CODE) ?? noCode('--code takes', undefined));
  return {
    waits: false,
    ready(challengeId, accepts) {
      const [first] = left;
      if (first === undefined) after.ready(challengeId);
      else if (tidy(first, accepts) === undefined) noCode('--code takes', { challengeId, key: '', accepts });
    },
    async next(step, refused) {
      const given = left.shift();
      if (given === undefined) return after.next(step, refused);
      return { kind: 'code', code: tidy(given, step.accepts) ?? noCode('--code takes', step), final: true };
    },
    close: after.close,
  };
}

function fromPrompt(terminal: Tools['terminal']): CodeSource {
  return {
    waits: false,
    ready(challengeId) {
      if (!terminal.interactive) throw nobodyToAsk(challengeId);
    },
    async next(step, refused) {
      const computed = refused.length < MAX_COMPUTED ? await step.compute?.() : undefined;
      if (computed !== undefined) return { kind: 'code', code: computed, final: false };
      if (!terminal.interactive && step.compute && refused.length > 0) throw codeWrong(step);
      if (!terminal.interactive) throw nobodyToAsk(step.challengeId);
      const canResend = step.resend !== undefined;
      const answer = await terminal.ask({
        message: question(step, canResend),
        flag: '--code',
        problem: (text) =>
          tidy(text, step.accepts) !== undefined || (canResend && RESEND.test(text))
            ? undefined
            : `A code has ${formOf(step)}${canResend ? '; resend sends a new one' : ''}.`,
      });
      const code = tidy(answer, step.accepts);
      return code === undefined ? { kind: 'resend' } : { kind: 'code', code, final: false };
    },
    close: () => undefined,
  };
}

/** What a channel is called on the screen. */
export function channelName(channel: 'sms' | 'email'): string {
  return channel === 'sms' ? 'SMS' : 'email';
}

function question({ channel, kind, scope }: CodeStep, canResend: boolean): string {
  const other = kind === 'recovery' ? 'Recovery code' : kind === 'totp' ? 'Code from the authenticator app' : 'Code';
  const sent = channel === undefined ? other : `Code sent by ${channelName(channel)}`;
  return `${sent} ${scope === undefined ? 'to log in' : `for ${scope}`}${canResend ? ' (or: resend)' : ''}`;
}

function fromLines({ stdin, signal }: Tools['system'], values: string[]): CodeSource {
  if (values.length > 1) {
    throw new UsageError('FLAG_CONFLICT', '--code - reads every code from standard input: give it once and alone.', {
      field: '--code',
    });
  }
  let reader: { lines: Interface; iterator: AsyncIterator<string> } | undefined;
  const open = (): NonNullable<typeof reader> => {
    const lines = createInterface({ input: stdin, signal });
    return { lines, iterator: lines[Symbol.asyncIterator]() };
  };
  return {
    waits: true,
    ready(challengeId) {
      if (stdin.isTTY) throw ended('--code - reads standard input, but that is the terminal.', challengeId);
    },
    async next(step, refused) {
      const { challengeId } = step;
      reader ??= open();
      for (;;) {
        const line = await reader.iterator.next();
        if (signal.aborted) throw new InterruptedError();
        if (line.done && refused.length > 0) throw codeWrong({ challengeId });
        if (line.done) throw ended('Standard input has ended before a code came.', challengeId);
        if (line.value.trim() === '') continue;
        const code = tidy(line.value, step.accepts) ?? noCode('--code -: a line of standard input must be', step);
        return { kind: 'code', code, final: false };
      }
    },
    close: () => reader?.lines.close(),
  };
}

function fromCommand({ system: { env, run, signal }, target }: Tools, commandLine: string): CodeSource {
  return {
    waits: true,
    ready: () => undefined,
    async next(step, refused) {
      const chosen = await target?.();
      const exit = await run(commandLine, {
        env: childEnv(env, step, chosen),
        timeoutMs: COMMAND_LIMIT_MS,
        signal,
      });
      if (signal.aborted) throw new InterruptedError();
      const fail = (why: string): FailedError =>
        new FailedError('CODE_COMMAND_FAILED', `--code-command ${why}.`, {
          field: '--code-command',
          hint: continueHint(step.challengeId),
        });
      if (exit.timedOut) throw fail(`took longer than ${COMMAND_LIMIT_MS / 1000} s`);
      if (exit.status !== 0)
        throw fail(exit.status === null ? 'was ended by a signal' : `ended with status ${exit.status}`);
      const first = (exit.stdout.split('\n', 1)[0] ?? '').trim();
      if (first === '') throw fail('printed nothing');
      // Blanks are between the groups of a code, and between words of something else.
      const code = /\s/.test(first) && !/^[\d\s-]+$/.test(first) ? undefined : tidy(first, step.accepts);
      if (code === undefined) throw fail(`printed no code of ${formOf(step)}`);
      if (refused.includes(code)) throw codeWrong(step);
      return { kind: 'code', code, final: false };
    },
    close: () => undefined,
  };
}

/**
 * The process's environment without keys of ours, and with what the code is for; absent facts are empty. Where an emulator was
 * chosen, a `stepup emulator messages` in the command finds the same one, and its tenant.
 */
function childEnv(env: Env, step: CodeStep, { emulatorUrl, tenant }: Chosen = {}): Env {
  return {
    ...withoutOurSecrets(env),
    // A control address that was left over would go before it.
    ...(emulatorUrl === undefined ? {} : { STEPUP_EMULATOR_URL: emulatorUrl, STEPUP_EMULATOR_CONTROL_URL: undefined }),
    ...(tenant === undefined ? {} : { STEPUP_EMULATOR_TENANT: tenant === DEFAULT_TENANT ? undefined : tenant }),
    STEPUP_CHALLENGE_ID: step.challengeId ?? '',
    STEPUP_STEP: step.key,
    STEPUP_SCOPE: step.scope ?? '',
    STEPUP_SENT_AT: step.sentAt ?? '',
    STEPUP_VERIFICATION_ID: step.verificationId ?? '',
  };
}

/** Prelude: codes have 4 to 8 characters. */
const USUAL: NonNullable<PendingStep['accepts']> = { pattern: /^[a-zA-Z0-9]{4,8}$/, words: '4 to 8 letters or digits' };
/** What a code of any step could be, a recovery code too. */
export const ANY_CODE: NonNullable<PendingStep['accepts']> = {
  pattern: /^[\w-]{4,64}$/,
  words: '4 to 64 letters or digits',
};

/** So many computed codes a step takes before somebody is asked. */
const MAX_COMPUTED = 2;

/** A code without the blanks that people paste with it; undefined when it is none. */
function tidy(text: string, { pattern } = USUAL): string | undefined {
  const code = text.replace(/\s+/g, '');
  return pattern.test(code) && !RESEND.test(code) ? code : undefined;
}

function formOf({ accepts = USUAL }: CodeStep): string {
  return accepts.words;
}

function noCode(what: string, step: CodeStep | undefined): never {
  throw new UsageError('FLAG_INVALID', `${what} a code of ${step ? formOf(step) : USUAL.words}.`, {
    field: '--code',
    hint: continueHint(step?.challengeId),
  });
}

/** RefusedError CODE_WRONG: no further try is made. A challenge is kept; a login starts anew. */
export function codeWrong(step: Pick<CodeStep, 'challengeId'>, serviceCode?: string): RefusedError {
  return new RefusedError('CODE_WRONG', 'The code was refused: it is wrong, or no longer good.', {
    hint: continueHint(step.challengeId) ?? 'Start again with: stepup login',
    serviceCode,
  });
}

function continueHint(challengeId: string | undefined): string | undefined {
  return challengeId === undefined
    ? undefined
    : `The challenge is kept. Go on with: stepup challenge continue ${challengeId}`;
}

function nobodyToAsk(challengeId: string | undefined): InputNeededError {
  return ended('A code is needed, and there is nobody to ask.', challengeId);
}

function ended(message: string, challengeId: string | undefined): InputNeededError {
  const kept = challengeId === undefined ? '' : ` The challenge is kept: stepup challenge continue ${challengeId}`;
  return new InputNeededError('INPUT_NEEDED', message, {
    field: '--code',
    hint: `Give it with --code CODE, --code - (standard input) or --code-command COMMAND.${kept}`,
  });
}
