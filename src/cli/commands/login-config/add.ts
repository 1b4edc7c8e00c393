import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import type { Context } from '../../context.js';
import {
  addChannelFlag,
  addOtpFlags,
  loginConfigFacts,
  loginConfigInWords,
  withOtpFlags,
  type Channel,
  type OtpFlags,
} from '../../login-configs.js';
import type { Handle } from '../../tree.js';

export interface Options extends OtpFlags {
  channel?: Channel | undefined;
}

export function define(command: Command, handle: Handle): void {
  addOtpFlags(addChannelFlag(command))
    .addHelpText(
      'after',
      `
A new default takes the place of its channel's former one. One that is there so already is not added again.

Examples:
  $ stepup login-config add --channel sms --default
  $ stepup login-config add --channel email --granted-scope prld:pwd:write --code-size 8
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** Adds a configuration of OTP login. Throws UsageError FLAG_INVALID, SCOPE_INVALID, InputNeededError without a channel. */
export async function run(context: Context, { channel, ...flags }: Options): Promise<void> {
  const { terminal } = context;
  withOtpFlags({ config_type: 'otp', channel_type: 'sms', is_default: false }, flags);
  const chosen =
    channel ??
    ((await terminal.choose('How codes are sent', '--channel', [
      { value: 'sms', label: 'sms' },
      { value: 'email', label: 'email' },
    ])) as Channel);
  const body = withOtpFlags({ config_type: 'otp', channel_type: chosen, is_default: false }, flags);
  const management = await context.management();
  const { login, changed } = await terminal.progress('Adding the configuration', async () => {
    const asked = { ...loginConfigFacts({ ...body, id: '' }), id: undefined };
    const twin = (await management.otpLogins()).find((other) =>
      isDeepStrictEqual({ ...loginConfigFacts(other), id: undefined }, asked),
    );
    return { login: twin ?? (await management.addOtpLogin(body)), changed: twin === undefined };
  });
  const facts = loginConfigFacts(login);
  terminal.result({ changed, loginConfig: facts }, () =>
    changed
      ? `Added ${loginConfigInWords(facts)}.`
      : `There is one so already, ${loginConfigInWords(facts)}: nothing to do.`,
  );
}
