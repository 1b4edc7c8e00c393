/** The outside world of a walk on an emulator of its own: a store of its own, and an inbox in place of a phone. */
import type { Message } from '../../emulator/emulator.js';
import type { Env, System } from '../../system.js';
import { runInner } from './inner.js';

/** Reads the newest code out of the emulator's inbox; `--code-command` runs it after the code was sent. */
const INBOX = ['emulator', 'messages', '--wait', '5', '--code-only'];
export const INBOX_COMMAND = `stepup ${INBOX.join(' ')}`;

/** The outside world of the walk's commands: a store of its own, none of the user's variables, the inbox in place of a phone. */
export function ownWorld(system: System, home: string, interactive: boolean): Partial<System> {
  const env = withoutOurs(system.env);
  const world: Partial<System> = { home, env };
  const inbox = async (argv: string[], extra: Env): Promise<string> => {
    const { stdout } = await runInner(system, argv, {
      world: { ...world, env: { ...env, ...extra } },
      showErrors: true,
    });
    return stdout;
  };
  world.run = async (command, options) => {
    if (command !== INBOX_COMMAND) return system.run(command, options);
    return { status: 0, stdout: await inbox(INBOX, options.env), timedOut: false };
  };
  if (interactive) world.fetch = ringing(system, () => inbox(['emulator', 'messages', '--json'], {}));
  return world;
}

/** Prelude: `/otp`, `/otp/retry` and those of the login. Dynamic: `…Verifications/create`. */
const SENDS_CODE = /\/otp(\/retry)?$|Verifications\/create$/;

/** Shows the newest message as a phone would, the moment the service has sent it and before the prompt comes. */
function ringing(system: System, inbox: () => Promise<string>): System['fetch'] {
  return async (input, init) => {
    const response = await system.fetch(input, init);
    const url = input instanceof Request ? input.url : input.toString();
    if (init?.method === 'POST' && SENDS_CODE.test(url) && response.ok) {
      const { messages } = JSON.parse(await inbox()) as { messages: Message[] };
      const newest = messages.at(-1);
      const by = newest?.channel === 'email' ? 'Email' : 'SMS';
      if (newest) system.stderr.write(`\n    ${by} to ${newest.to}: your code is ${newest.code}\n\n`);
    }
    return response;
  };
}

function withoutOurs(env: Env): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('STEPUP_')));
}
