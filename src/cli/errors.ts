/** Errors to exit statuses, messages and hints: the only place that knows a status. */
import {
  FailedError,
  InputNeededError,
  InterruptedError,
  RefusedError,
  SessionError,
  StepupError,
  UnreachableError,
  UsageError,
  type ErrorCode,
} from '../errors.js';
import { usageHint, withTarget } from './hints.js';
import type { Style } from './terminal/style.js';

/** Next steps by code, for where the thrower had none of its own. */
const hints: Partial<Record<ErrorCode, string>> = {
  NOT_LOGGED_IN: 'Log in with: stepup login',
  SESSION_OVER: 'Log in again with: stepup login',
  CONFIG_MISSING: 'Make one with: stepup config create',
  SCOPE_NOT_ALLOWED: 'Allow it with: stepup scope add SCOPE',
  MANAGEMENT_KEY_REFUSED:
    'Check the key of --management-key-file or STEPUP_PRELUDE_MANAGEMENT_KEY, or store another with: stepup init',
  APPLICATION_UNKNOWN: 'Check the application id: stepup profile show',
  SERVICE_UNREACHABLE: 'Check the address with: stepup profile show',
  CHALLENGE_OVER: 'Start again with: stepup request SCOPE',
};

/** The exit status of anything thrown (`product.md`: exit status). */
export function exitStatus(error: unknown): number {
  if (error instanceof InterruptedError) return 130;
  if (error instanceof UsageError) return 2;
  if (error instanceof RefusedError) return 3;
  if (error instanceof SessionError) return 4;
  if (error instanceof InputNeededError) return 5;
  if (error instanceof UnreachableError) return 6;
  if (error instanceof FailedError) return error.code === 'COMMAND_NOT_STARTED' ? 127 : 1;
  return 1;
}

/** The last object on standard error under `--json`. */
export interface ErrorDocument {
  error: { code: string; message: string; hint?: string; field?: string; requestId?: string; serviceCode?: string };
}

/** An error as the document of `--json`. Fields that are not known are left out; `argv` is the command line that failed. */
export function errorDocument(error: unknown, argv: readonly string[]): ErrorDocument {
  if (!(error instanceof StepupError)) {
    return { error: { code: 'BUG', message: error instanceof Error ? error.message : String(error) } };
  }
  const hint = hintOf(error, argv);
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(hint === undefined ? {} : { hint }),
      ...(error.field === undefined ? {} : { field: error.field }),
      ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
      ...(error.serviceCode === undefined ? {} : { serviceCode: error.serviceCode }),
    },
  };
}

function hintOf(error: StepupError, argv: readonly string[]): string | undefined {
  const hint = error.hint ?? hints[error.code];
  if (hint !== undefined) return withTarget(hint, argv);
  return error instanceof UsageError ? usageHint(argv) : undefined;
}

/** An error in words: what happened, what to do, and what the service called it. A bug of ours comes with its stack. */
export function errorText(error: unknown, argv: readonly string[], style: Style, version: string): string {
  if (!(error instanceof StepupError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${style.bad('This is a bug in stepup')} ${version}. Please report it with what follows.\n${stack}`;
  }
  if (error instanceof InterruptedError) return error.message;
  const { message, hint, serviceCode, requestId, field } = errorDocument(error, argv).error;
  const lines = [`${style.bad('Error:')} ${field && !message.includes(field) ? `${field}: ` : ''}${message}`];
  if (hint) lines.push(hint);
  if (serviceCode || requestId) {
    lines.push(
      style.dim(`The service said: ${[serviceCode, requestId && `request ${requestId}`].filter(Boolean).join(', ')}`),
    );
  }
  return lines.join('\n');
}
