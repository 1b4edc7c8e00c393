/** The walk at Prelude: a hook decides, a code by SMS proves. */
import type { Ready } from '../../emulator/emulator.js';
import type { Stage } from './stage.js';
import { INBOX_COMMAND } from './world.js';

const TUTORIAL_PHONE = '+33612345678';

/** Plays it with one scope. `home` is the walk's own store, which the person may read messages from. */
export async function playPrelude(
  stage: Stage,
  { scope, interactive, home }: { scope: string; interactive: boolean; home: string },
): Promise<void> {
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
