/**
 * Where the verification tokens of custom steps come from: `--verification-token FILE|-` (once for each step, or lines of standard
 * input), `--verification-command`, `--sign-with KEY`, a prompt. As with codes, standard input is read only when `-` asks for it.
 */
import type { Command } from 'commander';
import {
  checkVerificationToken,
  MAX_TOKEN,
  problemOf,
  signVerificationToken,
  USUAL_SECONDS,
} from '../backend/verification-token.js';
import { InputNeededError, UsageError } from '../errors.js';
import { collect } from './collect.js';
import type { Context } from './context.js';
import { createInputLines } from './input-lines.js';
import { printedBy, readSecret } from './secrets.js';
import { printable } from './terminal/printable.js';

export interface VerificationFlags {
  /** Files, one a step in order; `-` reads lines of standard input. */
  verificationToken?: string[] | undefined;
  verificationCommand?: string | undefined;
  /** A signing key: a name of the store, a file, or `-`. */
  signWith?: string | undefined;
  /** The other reader of standard input, where the command has it. */
  code?: string[] | undefined;
}

/** The custom step that a token is for. */
export interface VerificationStep {
  challengeId: string;
  /** Its key, e.g. `kyc_review`. */
  key: string;
  userId: string;
  scope: string;
}

export interface VerificationSource {
  /**
   * A token that may be sent for the step. Throws UsageError (VERIFICATION_INVALID, FILE_UNREADABLE, FLAG_INVALID, and the KEY_… codes
   * with `--sign-with`), FailedError CODE_COMMAND_FAILED, InputNeededError, InterruptedError.
   */
  next(step: VerificationStep): Promise<string>;
}

type Parts = Pick<Context, 'terminal' | 'system' | 'store'>;
type TokenSource = (step: VerificationStep) => Promise<string>;

/** Adds `--verification-token`, `--verification-command` and `--sign-with` to a command. */
export function addVerificationFlags(command: Command): Command {
  return command
    .option(
      '--verification-token <file>',
      'Prelude: file with the verification token of a custom step, once for each in order; - reads them from standard input, one a line',
      collect,
    )
    .option('--verification-command <command>', 'Prelude: a shell command that prints the verification token')
    .option('--sign-with <key>', 'Prelude: sign the verification token here, with a key of the store or of a file');
}

/** The source that the flags and the terminal make. Throws UsageError FLAG_CONFLICT. */
export function createVerificationSource(parts: Parts, flags: VerificationFlags): VerificationSource {
  const { verificationToken: files, verificationCommand: command, signWith } = flags;
  const given = [
    files === undefined ? undefined : '--verification-token',
    command === undefined ? undefined : '--verification-command',
    signWith === undefined ? undefined : '--sign-with',
  ].filter((flag) => flag !== undefined);
  if (given.length > 1) throw conflict(given[1]!, `${given[0]} and ${given[1]} cannot be used together.`);
  if (command !== undefined) return { next: fromCommand(parts, command) };
  if (signWith !== undefined) return { next: bySigning(parts, signWith) };
  return { next: files === undefined ? fromPrompt(parts) : fromFiles(parts, files, flags.code) };
}

function fromFiles(parts: Parts, files: string[], codes: string[] = []): TokenSource {
  const { system } = parts;
  const flag = '--verification-token';
  if (files.includes('-') && files.length > 1) {
    throw conflict(flag, `${flag} - reads every token from standard input: give it once and alone.`);
  }
  if (files.includes('-') && codes.includes('-')) {
    throw conflict(flag, `${flag} - and --code - both read standard input.`);
  }
  const left = [...files];
  const lines = createInputLines(system, MAX_TOKEN);
  const after = fromPrompt(parts);
  return async (step) => {
    if (!files.includes('-')) {
      const file = left.shift();
      return file === undefined ? after(step) : checkVerificationToken(await readSecret(system, file, flag), flag);
    }
    if (system.stdin.isTTY) throw needed(`${flag} - reads standard input, but that is the terminal.`, step);
    const line = await lines.next();
    if (line === undefined) throw needed(`Standard input has ended before a token for ${step.key} came.`, step);
    return checkVerificationToken(line, flag);
  };
}

function fromCommand({ system }: Parts, commandLine: string): TokenSource {
  const flag = '--verification-command';
  return async ({ challengeId, key, userId, scope }) => {
    const facts = {
      STEPUP_CHALLENGE_ID: challengeId,
      STEPUP_STEP: key,
      STEPUP_USER_ID: userId,
      STEPUP_SCOPE: scope,
    };
    return checkVerificationToken(await printedBy(system, commandLine, flag, facts), flag);
  };
}

function bySigning(parts: Parts, given: string): TokenSource {
  return async ({ challengeId, key: step, userId }) => {
    const { signingKey } = await import('./signing-keys.js');
    const key = await signingKey(parts, given, { field: '--sign-with' });
    const verification = { userId, challengeId, step, status: 'completed', expiresIn: USUAL_SECONDS };
    return (await signVerificationToken(key, verification, parts.system)).token;
  };
}

function fromPrompt({ terminal }: Parts): TokenSource {
  return async (step) => {
    terminal.note(whatToSign(step));
    if (!terminal.interactive) {
      throw needed(
        `The step ${printable(step.key)} is done by your backend: its verification token is needed, and there is nobody to ask.`,
        step,
      );
    }
    return terminal.ask({
      message: 'Paste the verification token',
      flag: '--verification-token',
      secret: true,
      problem: (text) => {
        const problem = problemOf(text);
        return problem === undefined ? undefined : `This cannot be sent: ${problem}.`;
      },
    });
  };
}

/** What the backend has to do for a custom step, for a person. Prelude: verification token. */
function whatToSign({ challengeId, key, userId }: VerificationStep): string {
  return [
    `The step ${key} is done at your backend. Once the user has done it, the backend signs a JWT with RS256, under a kid of`,
    'the JWKS that the configuration names, with these claims:',
    `  sub           ${userId}`,
    `  challenge_id  ${challengeId}`,
    `  key           ${key}`,
    '  status        completed',
    '  jti           a new one for each token',
    '  iat, nbf, exp seconds since the epoch, five minutes at most from first to last',
    `To play without a backend: stepup keys sign --challenge ${challengeId} --step ${key}`,
  ]
    .map(printable)
    .join('\n');
}

function needed(message: string, { challengeId }: VerificationStep): InputNeededError {
  return new InputNeededError('INPUT_NEEDED', message, {
    field: '--verification-token',
    hint:
      'Give it with --verification-token FILE (- for standard input), --verification-command COMMAND, or sign it here with ' +
      `--sign-with KEY. The challenge is kept: stepup challenge continue ${challengeId}`,
  });
}

function conflict(field: string, message: string): UsageError {
  return new UsageError('FLAG_CONFLICT', message, { field });
}
