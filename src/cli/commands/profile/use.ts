import type { Command } from 'commander';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';
import { pickProfile } from '../../target/base.js';
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
  const known = Object.keys(await store.profiles());
  const name = pickProfile(options.name ?? (await askProfile(context, known)), known, 'name');
  await store.useProfile(name);
  terminal.result({ profile: name, current: true }, () => `Profile ${terminal.out.bold(name)} is the current one.`);
  for (const variable of ['STEPUP_PROFILE', 'STEPUP_EMULATOR_URL', 'STEPUP_PRELUDE_APP_ID']) {
    if (system.env[variable]) terminal.warn(`${variable} is set, and goes before the profile.`);
  }
}
