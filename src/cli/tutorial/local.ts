/** The walk on an emulator of its own: no account, no phone, no network, nothing left behind. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Message, Ready } from '../../emulator/emulator.js';
import type { Env, System } from '../../system.js';
import type { Context } from '../context.js';
import { runInner } from './inner.js';
import { createStage, type Stage } from './stage.js';

const TUTORIAL_PHONE = '+33612345678';

/** Reads the newest code out of the emulator's inbox; `--code-command` runs it after the code was sent. */
const INBOX = ['emulator', 'messages', '--wait', '5', '--code-only'];
const INBOX_COMMAND = `stepup ${INBOX.join(' ')}`;

/** Plays the walk. Throws StepFailed when a step fails; whatever was started is stopped and removed in any case. */
export async function walkLocally(context: Context, scope: string, interactive: boolean): Promise<void> {
  const home = await mkdtemp(join(context.system.temporary, 'stepup-tutorial-'));
  const stage = createStage(context, {
    flags: ['--emulator'],
    world: ownWorld(context.system, home, interactive),
    interactive,
  });
  try {
    await play(stage, scope, interactive, home);
  } finally {
    await stage.close();
    await rm(home, { recursive: true, force: true });
  }
}

async function play(stage: Stage, scope: string, interactive: boolean, home: string): Promise<void> {
  const { explain } = stage.transcript;
  const codes = interactive ? [] : ['--code-command', INBOX_COMMAND];

  explain('Start the emulator', 'It speaks as the service does, on this machine only.');
  await stage.serve<Ready>(
    'emulator',
    ['emulator', 'start', '--port', '0', '--https-port', '0'],
    (ready) => `Ready at ${ready.url}`,
  );
  explain('Start a hook', 'Your backend decides what a scope takes. This hook asks for a code by SMS.');
  const hook = await stage.serve<{ url: string; hookUrl: string }>(
    'hook',
    ['hook', 'serve', '--port', '0', '--verdict', 'review', '--step', 'verify_sms', '--emulator'],
    (ready) => `The hook listens at ${ready.hookUrl}`,
  );
  explain('Configure step-up', 'The application learns where the hook is.');
  await stage.run('config', ['config', 'create', '--hook-url', hook.hookUrl]);
  explain('Add the scope', `${scope} may now be requested; the hook has the say.`);
  await stage.run('scope', ['scope', 'add', scope]);
  explain(
    'Log in',
    interactive ? `The phone is ${phoneNote(home)}` : 'A code by SMS, read from the inbox of the emulator.',
  );
  await stage.run('login', ['login', '--phone', TUTORIAL_PHONE, ...codes], { asks: true });
  const before = await stage.claims();
  explain('Request the scope', 'The hook answers `review`: one more code proves that it is you.');
  await stage.run('request', ['request', scope, ...codes], { hide: true, asks: true });
  await stage.run('check', ['check', scope]);
  stage.transcript.claims(before, await stage.claims());
}

function phoneNote(home: string): string {
  return `emulated: its messages appear here, and in another terminal with\n  STEPUP_HOME=${home} stepup emulator messages`;
}

/** The outside world of the walk's commands: a store of its own, none of the user's variables, the inbox in place of a phone. */
function ownWorld(system: System, home: string, interactive: boolean): Partial<System> {
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

/** Shows the newest message as a phone would, the moment the service has sent it and before the prompt comes. */
function ringing(system: System, inbox: () => Promise<string>): System['fetch'] {
  return async (input, init) => {
    const response = await system.fetch(input, init);
    const url = input instanceof Request ? input.url : input.toString();
    if (init?.method === 'POST' && /\/otp(\/retry)?$/.test(url) && response.ok) {
      const { messages } = JSON.parse(await inbox()) as { messages: Message[] };
      const newest = messages.at(-1);
      if (newest) system.stderr.write(`\n    SMS to ${newest.to}: your code is ${newest.code}\n\n`);
    }
    return response;
  };
}

function withoutOurs(env: Env): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('STEPUP_')));
}
