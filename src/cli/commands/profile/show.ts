import type { Command } from 'commander';
import { managementKeyOf, type Context } from '../../context.js';
import type { Handle } from '../../tree.js';
import { resolveTarget } from '../../../target/target.js';
import { pickProfile } from '../../../target/base.js';
import type { ResolvedDynamic } from '../../../target/dynamic.js';
import type { Source } from '../../../target/given.js';
import type { ResolvedPrelude } from '../../../target/prelude.js';

export function define(command: Command, handle: Handle): void {
  command
    .argument('[name]', 'the profile (default: what a command would use now)')
    .addHelpText(
      'after',
      `
Examples:
  $ stepup profile show
  $ stepup profile show --emulator
  $ stepup profile show work --json
`,
    )
    .action(handle((context, name: string | undefined) => run(context, { name })));
}

export interface Options {
  name: string | undefined;
}

interface Shown {
  value: string;
  source: Source['kind'] | 'store';
  /** The flag, the variable, the profile or the emulator. */
  from?: string | undefined;
}

/**
 * Tells each value that a command would use, and where it comes from; never the management key itself. Throws UsageError
 * PROFILE_UNKNOWN, PROFILE_AMBIGUOUS, EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, URL_INVALID.
 */
export async function run(context: Context, { name }: Options): Promise<void> {
  const { store, globals, system } = context;
  const known = Object.keys(await store.profiles());
  const chosen = name === undefined ? globals.profile : pickProfile(name, known, 'name');
  const target = await resolveTarget({ ...globals, profile: chosen }, system.env, store);
  return target.provider === 'prelude' ? showPrelude(context, target) : showDynamic(context, target);
}

function showDynamic({ terminal }: Context, target: ResolvedDynamic): void {
  const { sources } = target;
  const result = {
    profile: target.profileName ?? null,
    provider: target.provider,
    environmentId: shown(target.environmentId, sources.environmentId),
    apiUrl: shown(target.apiUrl, sources.apiUrl),
    origin: shown(target.origin, sources.origin),
  };
  terminal.result(result, ({ profile, environmentId, apiUrl, origin }) =>
    [
      profile === null ? 'No profile is used.' : `Profile ${terminal.out.bold(profile)}`,
      line('environment', environmentId),
      line('API', apiUrl),
      line('origin', origin),
    ].join('\n'),
  );
}

async function showPrelude(context: Context, target: ResolvedPrelude): Promise<void> {
  const { terminal, store } = context;
  const { sources } = target;
  const own = managementKeyOf(target);
  const hookUrl = await store.hookUrl(own);
  const result = {
    profile: target.profileName ?? null,
    provider: target.provider,
    appId: shown(target.appId, sources.appId),
    frontendUrl: shown(target.frontendUrl, sources.frontendUrl),
    managementUrl: shown(target.managementUrl, sources.managementUrl),
    hookUrl: hookUrl === undefined ? null : shown(hookUrl, { kind: 'store' }),
    managementKey: await keySource(context, sources.managementKey, own),
  };
  terminal.result(result, ({ profile, appId, frontendUrl, managementUrl, managementKey }) =>
    [
      profile === null ? 'No profile is used.' : `Profile ${terminal.out.bold(profile)}`,
      line('application', appId),
      line('frontend API', frontendUrl),
      line('management API', managementUrl),
      result.hookUrl ? line('default hook', result.hookUrl) : '  default hook    none',
      managementKey.known
        ? line('management key', { ...managementKey, value: 'known' })
        : '  management key  not known: set STEPUP_PRELUDE_MANAGEMENT_KEY, or stepup init',
    ].join('\n'),
  );
}

function shown(value: string, { kind, name }: { kind: Shown['source']; name?: string | undefined }): Shown {
  return { value, source: kind, ...(name === undefined ? {} : { from: name }) };
}

async function keySource(
  { globals, store }: Context,
  source: Source | undefined,
  own: ReturnType<typeof managementKeyOf>,
): Promise<{ known: false } | ({ known: true } & Omit<Shown, 'value'>)> {
  if (globals.managementKeyFile !== undefined) return { known: true, source: 'flag', from: '--management-key-file' };
  if (source) return { known: true, source: source.kind, ...(source.name === undefined ? {} : { from: source.name }) };
  return (await store.managementKey(own)) === undefined ? { known: false } : { known: true, source: 'store' };
}

function line(title: string, { value, source, from }: Shown): string {
  return `  ${title.padEnd(15)} ${value}  (${inWords(source, from)})`;
}

function inWords(source: Shown['source'], from: string | undefined): string {
  switch (source) {
    case 'flag':
      return from ?? 'flag';
    case 'variable':
      return from ?? 'variable';
    case 'profile':
      return `profile ${from ?? ''}`.trim();
    case 'emulator':
      return `emulator ${from ?? ''}`.trim();
    case 'store':
      return 'kept here';
    case 'default':
      return 'default';
  }
}
