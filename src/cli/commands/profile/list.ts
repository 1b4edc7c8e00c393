import type { Command } from 'commander';
import type { Context } from '../../context.js';
import type { Handle } from '../../program.js';

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
    .map(([name, { provider, appId, frontendUrl, managementUrl }]) => {
      return { name, current: name === current, provider, appId, frontendUrl, managementUrl };
    });
  await terminal.list(
    { profiles: rows },
    rows,
    [
      { title: '', value: (row) => (row.current ? '*' : ' ') },
      { title: 'NAME', value: (row) => row.name },
      { title: 'APPLICATION', value: (row) => row.appId },
      { title: 'FRONTEND API', value: (row) => row.frontendUrl },
      { title: 'MANAGEMENT API', value: (row) => row.managementUrl },
    ],
    'There is no profile. Make one with: stepup init',
  );
}
