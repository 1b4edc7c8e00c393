import type { Command } from 'commander';
import type { Profile } from '../../../store/store.js';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
Examples:
  $ stepup profile list
  $ stepup profile list --json
`,
    )
    .action(handle((context) => run(context)));
}

/** Lists the profiles by name. Throws FailedError for a store that cannot be read. */
export async function run({ store, terminal }: Context): Promise<void> {
  const [profiles, current] = await Promise.all([store.profiles(), store.currentProfile()]);
  const rows = Object.entries(profiles)
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([name, profile]) => ({ name, current: name === current, ...factsOf(profile) }));
  await terminal.list(
    { profiles: rows },
    rows,
    [
      { title: '', value: (row) => (row.current ? '*' : ' ') },
      { title: 'NAME', value: (row) => row.name },
      { title: 'PROVIDER', value: (row) => row.provider },
      { title: 'APPLICATION', value: (row) => (row.provider === 'prelude' ? row.appId : row.environmentId) },
      { title: 'API', value: (row) => (row.provider === 'prelude' ? row.frontendUrl : row.apiUrl) },
      {
        title: 'MANAGEMENT API OR ORIGIN',
        value: (row) => (row.provider === 'prelude' ? row.managementUrl : row.origin),
      },
    ],
    'There is no profile. Make one with: stepup init',
  );
}

/** What is known of a profile, and nothing that a later release may have put beside it. */
function factsOf(profile: Profile): Profile {
  if (profile.provider === 'prelude') {
    const { provider, appId, frontendUrl, managementUrl } = profile;
    return { provider, appId, frontendUrl, managementUrl };
  }
  const { provider, environmentId, apiUrl, origin } = profile;
  return { provider, environmentId, apiUrl, origin };
}
