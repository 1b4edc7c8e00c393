import type { Command } from 'commander';
import type { Context } from '../../context.js';
import { loginConfigFacts, loginConfigInWords } from '../../login-configs.js';
import type { Handle } from '../../tree.js';

export interface Options {
  id: string;
  /** Asks nothing. */
  yes?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('<id>', 'the configuration, e.g. lcfg_01')
    .option('--yes', 'remove it without asking')
    .addHelpText(
      'after',
      `
Examples:
  $ stepup login-config remove lcfg_01
  $ stepup login-config remove lcfg_01 --yes
`,
    )
    .action(handle((context, id: string, flags: Omit<Options, 'id'>) => run(context, { ...flags, id })));
}

/** Removes a configuration of OTP login; one that is not there is no error. Throws InputNeededError without `--yes`, RefusedError. */
export async function run(context: Context, { id, yes = false }: Options): Promise<void> {
  const { terminal } = context;
  const management = await context.management();
  const logins = await terminal.progress('Reading the configurations', () => management.otpLogins());
  const login = logins.find((other) => other.id === id);
  if (!login) {
    terminal.result({ id, removed: false }, () => `There is no login configuration ${id}: nothing to remove.`);
    return;
  }
  const { channel_type } = login;
  const alone = logins.filter((other) => other.channel_type === channel_type).length === 1;
  const loss = alone ? `, the only one: nobody could log in by ${channel_type} then` : '';
  const question = `Remove ${loginConfigInWords(loginConfigFacts(login))}${loss}?`;
  if (!yes && !(await terminal.confirm(question, '--yes'))) {
    terminal.result({ id, removed: false }, () => 'Nothing was removed.');
    return;
  }
  const removed = await terminal.progress('Removing', () => management.removeOtpLogin(id));
  terminal.result({ id, removed }, () => `The login configuration ${id} is removed.`);
}
