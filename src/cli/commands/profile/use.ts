import type { Command } from 'commander';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';
import { pickProfile } from '../../../target/base.js';
import { askProfile } from './ask.js';

export function define(command: Command, handle: Handle): void {
  command
    .argument('[name]', 'the profile, or the beginning of its name')
    .addHelpText(
      'after',
      `
Examples:
  $ stepup profile use work
  $ stepup profile use
`,
    )
    .action(handle((context, name: string | undefined) => run(context, { name })));
}

export interface Options {
  name: string | undefined;
}

/** Makes a profile the current one. Throws UsageError PROFILE_UNKNOWN, PROFILE_AMBIGUOUS; InputNeededError. */
export async function run(context: Context, options: Options): Promise<void> {
  const { store, terminal, system } = context;
  const profiles = await store.profiles();
  const known = Object.keys(profiles);
  const name = pickProfile(options.name ?? (await askProfile(context, known)), known, 'name');
  await store.useProfile(name);
  terminal.result({ profile: name, current: true }, () => `Profile ${terminal.out.bold(name)} is the current one.`);
  const own = profiles[name]?.provider === 'dynamic' ? 'STEPUP_DYNAMIC_ENVIRONMENT_ID' : 'STEPUP_PRELUDE_APP_ID';
  for (const variable of ['STEPUP_PROFILE', 'STEPUP_EMULATOR_URL', own]) {
    if (system.env[variable]) terminal.warn(`${variable} is set, and goes before the profile.`);
  }
  const { STEPUP_PROVIDER: provider } = system.env;
  if (provider && provider !== profiles[name]?.provider) {
    terminal.warn(`STEPUP_PROVIDER is ${provider}, so the profile is passed over.`);
  }
}
