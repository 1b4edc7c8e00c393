/** The flags that `config create` and `config update` share. */
import type { Command } from 'commander';
import { UsageError } from '../../../errors.js';
import type { StepKey } from '../../../providers/prelude/config.js';
import { callbackUrl } from '../../../target/addresses.js';
import { collect } from '../../collect.js';
import { MANAGED_STEPS, parseStepKey } from '../../verdict.js';

export interface ConfigFlags {
  hookUrl?: string | undefined;
  jwksUrl?: string | undefined;
  /** Each `key` or `key=description`. */
  stepKey?: string[] | undefined;
  /** File with a whole configuration, or `-`. */
  file?: string | undefined;
}

/** What the flags ask for, checked. */
export interface Wanted {
  hookUrl?: string | undefined;
  jwksUrl?: string | undefined;
  stepKeys: StepKey[];
}

/** Adds the flags to a command. */
export function addConfigFlags(command: Command): Command {
  return command
    .option('--hook-url <url>', 'the hook of delegated scopes; kept as the default of scope add')
    .option('--jwks-url <url>', "where your backend publishes its keys (default: the hook's /.well-known/jwks.json)")
    .option('--step-key <key[=description]>', 'a custom step; may be repeated', collect)
    .option('--file <file>', 'a whole configuration as JSON, - for standard input');
}

/** Throws UsageError FLAG_CONFLICT, FLAG_INVALID, URL_INVALID. */
export function parseConfigFlags(flags: ConfigFlags): Wanted {
  if (flags.file !== undefined) refuseOthers(flags);
  return {
    hookUrl: flags.hookUrl === undefined ? undefined : callbackUrl(flags.hookUrl, '--hook-url'),
    jwksUrl: flags.jwksUrl === undefined ? undefined : callbackUrl(flags.jwksUrl, '--jwks-url'),
    stepKeys: parseStepKeys(flags.stepKey ?? []),
  };
}

function refuseOthers({ hookUrl, jwksUrl, stepKey }: ConfigFlags): void {
  const others = Object.entries({ '--hook-url': hookUrl, '--jwks-url': jwksUrl, '--step-key': stepKey });
  const [flag] = others.find(([, value]) => value !== undefined) ?? [];
  if (flag === undefined) return;
  throw new UsageError('FLAG_CONFLICT', `${flag} and --file cannot be used together: the file has it all.`, {
    field: flag,
  });
}

function parseStepKeys(texts: string[]): StepKey[] {
  const keys = new Map<string, StepKey>();
  for (const text of texts) {
    const at = text.indexOf('=');
    const key = parseStepKey(at < 0 ? text : text.slice(0, at), '--step-key');
    if (MANAGED_STEPS.includes(key)) {
      throw new UsageError('FLAG_INVALID', `--step-key: ${key} is a step of the service's own, and needs no key.`, {
        field: '--step-key',
      });
    }
    if (keys.has(key)) {
      throw new UsageError('FLAG_INVALID', `--step-key: ${key} is given twice.`, { field: '--step-key' });
    }
    keys.set(key, at < 0 ? { key } : { key, description: text.slice(at + 1) });
  }
  return [...keys.values()];
}
