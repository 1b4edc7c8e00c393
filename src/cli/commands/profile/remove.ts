import type { Command } from 'commander';
import { UsageError } from '../../../errors.js';
import { hostOf } from '../../../providers/target.js';
import type { PreludeProfile, Profile } from '../../../store/store.js';
import { managementKeyOf, type Context } from '../../context.js';
import { applicationIn } from '../init/profile.js';
import type { Handle } from '../../tree.js';
import { pickProfile } from '../../../target/base.js';
import { askProfile } from './ask.js';

export interface Options {
  name: string | undefined;
  /** Asks nothing. */
  yes?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('[name]', "the profile's whole name")
    .option('--yes', 'remove it without asking')
    .addHelpText(
      'after',
      `
The session stays: stepup logout ends it, before. The management key and the default hook go with the last profile of
their application.

Examples:
  $ stepup profile remove work
  $ stepup profile remove work --yes
`,
    )
    .action(
      handle((context, name: string | undefined, flags: Omit<Options, 'name'>) => run(context, { ...flags, name })),
    );
}

/**
 * Removes a profile, and with the last one of an application its management key and default hook; never a session. Throws
 * UsageError PROFILE_UNKNOWN, PROFILE_AMBIGUOUS; InputNeededError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { store, terminal } = context;
  const profiles = await store.profiles();
  const name = wholeName(options.name ?? (await askProfile(context, Object.keys(profiles))), Object.keys(profiles));
  const profile = profiles[name]!;
  const question = `Remove the profile "${name}", of ${applicationIn(profile)}?`;
  if (!options.yes && !(await terminal.confirm(question, '--yes'))) {
    terminal.result({ profile: name, removed: false }, () => 'Nothing was removed.');
    return;
  }
  await store.removeProfile(name);
  const key = profile.provider === 'prelude' ? await removeKey(context, name, profile, profiles) : 'none';
  terminal.result({ profile: name, removed: true, managementKeyRemoved: key === 'removed' }, () => {
    if (key === 'none') return `Profile ${name} is removed.`;
    return key === 'shared'
      ? `Profile ${name} is removed. The management key stays: another profile has the same application.`
      : `Profile ${name} is removed, with the management key of its application.`;
  });
  const host = hostOf(profile.provider === 'prelude' ? profile.frontendUrl : profile.apiUrl);
  const application = profile.provider === 'prelude' ? profile.appId : profile.environmentId;
  terminal.note(`The session of ${application} at ${host} stays, if there is one.`);
}

/** What an application itself has in the store goes with its last profile. */
async function removeKey(
  { store }: Context,
  name: string,
  profile: PreludeProfile,
  profiles: Record<string, Profile>,
): Promise<'none' | 'shared' | 'removed'> {
  const own = managementKeyOf(profile);
  const shared = Object.entries(profiles).some(([other, each]) => other !== name && sharesKey(each, profile));
  const hadKey = (await store.managementKey(own)) !== undefined;
  if (!shared) {
    if (hadKey) await store.saveManagementKey(own, undefined);
    await store.saveHookUrl(own, undefined);
  }
  return hadKey ? (shared ? 'shared' : 'removed') : 'none';
}

/** What is removed is named in full: the beginning of a name could mean another one than was thought. */
function wholeName(text: string, known: string[]): string {
  const name = pickProfile(text, known, 'name');
  if (name === text) return name;
  throw new UsageError('PROFILE_UNKNOWN', `There is no profile "${text}".`, {
    field: 'name',
    hint: `Did you mean ${name}? Give the whole name.`,
  });
}

function sharesKey(one: Profile, other: PreludeProfile): boolean {
  return one.provider === 'prelude' && one.appId === other.appId && one.managementUrl === other.managementUrl;
}
