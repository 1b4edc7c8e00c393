/** A verdict as flags give it: of a hook that we serve, or stored with a scope. Field names are the service's. */
import { Option, type Command } from 'commander';
import { UsageError } from '../errors.js';
import { collect } from './collect.js';

export const STATUSES = ['continue', 'review', 'block'] as const;
export const GRANT_MODES = ['single-use', 'session-bound', 'profile-bound'] as const;
export type Status = (typeof STATUSES)[number];
export type GrantMode = (typeof GRANT_MODES)[number];

/** Prelude: the scopes that the service itself knows how to grant. */
export const MANAGED_SCOPES: readonly string[] = ['prld:phone:register', 'prld:email:register'];

/** Steps that the service runs itself; every other key is a custom step. */
export const MANAGED_STEPS = ['verify_sms', 'verify_email', 'verify_passkey'];

export interface VerdictStep {
  order: number;
  key: string;
  /** Seconds. */
  expiration_duration: number;
}

export interface Verdict {
  status: Status;
  grant_mode: GrantMode;
  /** Seconds. */
  granted_for: number;
  steps: VerdictStep[];
}

export interface VerdictFlags {
  /** Each `key` or `key:seconds`, in the order in which they are done. */
  step?: string[] | undefined;
  grantMode?: GrantMode | undefined;
  grantedFor?: string | undefined;
}

const MAX_SECONDS = 86_400;
const STEP_SECONDS = 600;
const GRANT_SECONDS = 300;

/** Adds `--step`, `--grant-mode` and `--granted-for`. */
export function addVerdictFlags(command: Command): Command {
  return command
    .option('--step <key[:seconds]>', 'a step of a review and its time limit (600), once for each in order', collect)
    .addOption(new Option('--grant-mode <mode>', 'how the scope is granted (session-bound)').choices(GRANT_MODES))
    .option('--granted-for <seconds>', 'how long the scope is granted, 0 to 86400 (300)');
}

/**
 * The verdict that the flags describe. `statusFlag` is the flag that gave the status. Throws UsageError FLAG_CONFLICT for
 * steps of a verdict that has none, FLAG_INVALID for a step or a time that is none.
 */
export function parseVerdict(status: Status, flags: VerdictFlags, statusFlag: string): Verdict {
  if (status !== 'review' && flags.step !== undefined) throw conflict('--step', statusFlag, status);
  if (status === 'block' && flags.grantMode !== undefined) throw conflict('--grant-mode', statusFlag, status);
  if (status === 'block' && flags.grantedFor !== undefined) throw conflict('--granted-for', statusFlag, status);
  const grantMode = flags.grantMode ?? 'session-bound';
  const grantedFor = seconds(flags.grantedFor ?? String(GRANT_SECONDS), '--granted-for');
  if (grantedFor === 0 && grantMode !== 'single-use') {
    throw new UsageError('FLAG_INVALID', `--granted-for 0 would never be granted: a ${grantMode} grant has a time.`, {
      field: '--granted-for',
      hint: 'Give it seconds, or choose --grant-mode single-use.',
    });
  }
  return { status, grant_mode: grantMode, granted_for: grantedFor, steps: parseSteps(flags.step ?? []) };
}

/** A step's key. Throws UsageError FLAG_INVALID. */
export function parseStepKey(key: string, flag: string): string {
  if (/^[a-zA-Z0-9.\-_:]+$/.test(key)) return key;
  throw new UsageError('FLAG_INVALID', `${flag}: this is no step: "${key}".`, {
    field: flag,
    hint: 'A key has letters, digits and . - _ : only, as in verify_sms.',
  });
}

function parseSteps(texts: string[]): VerdictStep[] {
  const steps = texts.map((text, at) => {
    const [, key = text, limit] = /^(.+):(\d+)$/.exec(text) ?? [];
    return {
      order: at + 1,
      key: parseStepKey(key, '--step'),
      expiration_duration: seconds(limit ?? String(STEP_SECONDS), '--step'),
    };
  });
  const repeated = steps.find(({ key }, at) => steps.findIndex((step) => step.key === key) !== at);
  if (repeated) {
    throw new UsageError('FLAG_INVALID', `--step: ${repeated.key} is given twice.`, { field: '--step' });
  }
  return steps;
}

function seconds(text: string, flag: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= MAX_SECONDS) return value;
  throw new UsageError('FLAG_INVALID', `${flag} takes seconds from 0 to ${MAX_SECONDS}, not "${text}".`, {
    field: flag,
  });
}

function conflict(flag: string, statusFlag: string, status: Status): UsageError {
  const has = flag === '--step' ? 'has no steps' : 'grants nothing';
  return new UsageError('FLAG_CONFLICT', `${flag} does not go with ${statusFlag} ${status}, which ${has}.`, {
    field: flag,
  });
}
