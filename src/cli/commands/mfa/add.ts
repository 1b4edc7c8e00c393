import type { Command } from 'commander';
import { InputNeededError, RefusedError } from '../../../errors.js';
import type { DynamicProvider, MfaMethod, TotpEnrolment } from '../../../providers/dynamic/provider.js';
import { addCodeFlags, createCodeSource, type CodeFlags, type CodeSource } from '../../codes.js';
import type { Context } from '../../context.js';
import { withElevation } from '../../elevation.js';
import { showQr } from '../../qr.js';
import type { Terminal } from '../../terminal/terminal.js';
import type { Handle } from '../../tree.js';
import { methodInWords } from '../../factors.js';

export interface Options extends CodeFlags {
  /** Prints the secret and its address. */
  showSecret?: boolean | undefined;
}

/** How many codes a person may try before the enrolment is given up. */
const MAX_TRIES = 3;

export function define(command: Command, handle: Handle): void {
  command.option('--show-secret', 'print the secret and its otpauth address');
  addCodeFlags(command)
    .addHelpText(
      'after',
      `
It needs the scope credential:link, and steps up for it first. Codes of --code go to that step-up before the next one
confirms the app; --code-command is for the step-up alone, as no command can know the new secret. In a terminal the code
is asked for, with a QR code to scan; otherwise it is computed here. The secret stays in the store, so that
stepup request --method totp answers by itself.

In a pipe it prints the id of the method, with --show-secret then the secret and the address, one a line.

Examples:
  $ stepup mfa add
  $ stepup mfa add --code-command ./read-code.sh
  $ stepup mfa add --show-secret --json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Enrols an authenticator app (TOTP). Nothing is kept here until its first code was taken. Throws UsageError (FLAG_CONFLICT, FLAG_INVALID),
 * SessionError, RefusedError (CODE_WRONG; REFUSED for a user who has one), InputNeededError, UnreachableError, InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  const { source, unused } = counted(createCodeSource(context, options), options);
  const { device, enrolment } = await withElevation(
    context,
    { command: 'mfa add', scope: 'credential:link', source, provider: await context.dynamic() },
    async (provider) => {
      const started = await terminal.progress('Enrolling an authenticator app', () => provider.enrolTotp());
      const confirmed = await confirm(context, provider, started, { options, source, unused });
      return { device: confirmed, enrolment: started };
    },
  );
  const secrets = options.showSecret ? { secret: enrolment.secret, uri: enrolment.uri } : {};
  const text = `The ${methodInWords(device)} is enrolled.`;
  terminal.result(
    { device, ...secrets },
    () => (options.showSecret && !terminal.interactive ? [text, ...secretLines(enrolment)].join('\n') : text),
    () => [device.id, ...Object.values(secrets)].join('\n'),
  );
  terminal.note('Its secret is kept in the store, so that stepup request --method totp answers by itself.');
  terminal.note('For the day when it is lost, keep the recovery codes: stepup mfa recovery-codes');
}

interface Codes {
  options: Options;
  source: CodeSource;
  /** Whether the flags still have a code. */
  unused(): boolean;
}

async function confirm(
  context: Context,
  provider: DynamicProvider,
  enrolment: TotpEnrolment,
  { options, source, unused }: Codes,
): Promise<MfaMethod> {
  const { terminal } = context;
  const hand = (code: string | undefined): Promise<MfaMethod> =>
    terminal.progress('Confirming the code', () => provider.confirmTotp(enrolment, code));
  try {
    if (unused()) return await hand(await codeOf(source));
    if (!terminal.interactive || options.codeCommand !== undefined) return await hand(undefined);
    await present(context, enrolment, options.showSecret === true);
    for (let triesLeft = MAX_TRIES - 1; ; triesLeft -= 1) {
      const code = await askCode(terminal);
      try {
        return await hand(code === '' ? undefined : code);
      } catch (error) {
        if (!isWrongCode(error) || triesLeft === 0) throw error;
        terminal.warn(
          terminal.err.bad(`That code was refused; ${triesLeft === 1 ? '1 try' : `${triesLeft} tries`} left.`),
        );
      }
    }
  } catch (error) {
    throw isWrongCode(error) ? notEnrolled(error) : error;
  }
}

/** Shows what the app needs: the QR code and, on request, the secret in letters. Only a person who is asked sees it. */
async function present(context: Context, enrolment: TotpEnrolment, showSecret: boolean): Promise<void> {
  const { terminal } = context;
  const shown = await showQr(context, enrolment.uri);
  if (showSecret) terminal.warn(secretLines(enrolment).join('\n'));
  else if (!shown)
    terminal.warn('There is no room for a QR code here. To see the secret instead: stepup mfa add --show-secret');
}

function secretLines({ secret, uri }: TotpEnrolment): string[] {
  return [`  secret  ${secret}`, `  address ${uri}`];
}

function askCode(terminal: Terminal): Promise<string> {
  return terminal.ask({
    message: 'Code from your authenticator app; empty: let stepup compute it',
    flag: '--code',
    problem: (text) => (/^(\d{4,8})?$/.test(text.replace(/\s+/g, '')) ? undefined : 'A code has 4 to 8 digits.'),
  });
}

/** The next code of the flags; undefined where standard input has no more: it is computed then. */
async function codeOf(source: CodeSource): Promise<string | undefined> {
  try {
    const answer = await source.next({ key: 'enrol_totp' }, []);
    return answer.kind === 'code' ? answer.code : undefined;
  } catch (error) {
    if (error instanceof InputNeededError) return undefined;
    throw error;
  }
}

/** The source, and whether its flags still have a code that nobody has taken. */
function counted(source: CodeSource, { code = [] }: CodeFlags): { source: CodeSource; unused(): boolean } {
  let taken = 0;
  return {
    source: {
      ...source,
      next(step, refused) {
        taken += 1;
        return source.next(step, refused);
      },
    },
    unused: () => code.includes('-') || taken < code.length,
  };
}

function isWrongCode(error: unknown): error is RefusedError {
  return error instanceof RefusedError && error.code === 'CODE_WRONG';
}

function notEnrolled({ message, status, serviceCode, requestId, cause }: RefusedError): RefusedError {
  return new RefusedError('CODE_WRONG', message, {
    hint: 'Nothing is enrolled. Start again with: stepup mfa add',
    status,
    serviceCode,
    requestId,
    cause,
  });
}
