import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { UsageError } from '../../../errors.js';
import { unknownLogin, type OtpLogin, type OtpLoginBody } from '../../../providers/prelude/management-login.js';
import type { Context } from '../../context.js';
import { addOtpFlags, loginConfigFacts, loginConfigInWords, withOtpFlags, type OtpFlags } from '../../login-configs.js';
import type { Handle } from '../../tree.js';

export interface Options extends OtpFlags {
  id: string;
}

export function define(command: Command, handle: Handle): void {
  addOtpFlags(command.argument('<id>', 'the configuration, e.g. lcfg_01'))
    .option('--no-default', 'no longer the default of its channel')
    .option('--no-template', "the service's own template")
    .option('--no-sender', "the service's own sender")
    .option('--no-granted-scope', 'grants nothing any more')
    .addHelpText(
      'after',
      `
Flags change what they name, and nothing else. --granted-scope names all the scopes that are granted from now on.

Examples:
  $ stepup login-config update lcfg_01 --code-size 8
  $ stepup login-config update lcfg_01 --default --no-granted-scope
`,
    )
    .action(handle((context, id: string, flags: OtpFlags) => run(context, { ...flags, id })));
}

/** Changes a configuration of OTP login. Throws UsageError USAGE without a flag, LOGIN_CONFIG_UNKNOWN, FLAG_INVALID, SCOPE_INVALID. */
export async function run(context: Context, { id, ...flags }: Options): Promise<void> {
  const { terminal } = context;
  const { default: isDefault, template, sender, grantedScope, codeSize } = flags;
  if ([isDefault, template, sender, grantedScope, codeSize].every((flag) => flag === undefined)) {
    throw new UsageError('USAGE', 'Nothing was given to change.', {
      hint: 'Give --default, --template, --sender, --granted-scope or --code-size, or one of their --no- forms.',
    });
  }
  withOtpFlags({ config_type: 'otp', channel_type: 'sms', is_default: false }, flags);
  const management = await context.management();
  const { login, changed } = await terminal.progress('Changing the configuration', async () => {
    const stored = (await management.otpLogins()).find((other) => other.id === id);
    if (!stored) throw unknownLogin(id);
    const next = withOtpFlags(stored, flags);
    if (isDeepStrictEqual(loginConfigFacts(next), loginConfigFacts(stored))) return { login: stored, changed: false };
    return { login: await management.replaceOtpLogin(id, bodyOf(next)), changed: true };
  });
  const facts = loginConfigFacts(login);
  terminal.result({ changed, loginConfig: facts }, () =>
    changed
      ? `Changed ${loginConfigInWords(facts)}.`
      : `It is so already, ${loginConfigInWords(facts)}: nothing to do.`,
  );
}

/** What is written: without what the service adds itself. */
function bodyOf({ id: _id, created_at: _created, updated_at: _updated, ...body }: OtpLogin): OtpLoginBody {
  return body;
}
