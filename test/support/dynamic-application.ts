/** An emulated Dynamic environment of a test's own, with a store, and the program run against it. */
import { rm } from 'node:fs/promises';
import type { Message, Ready } from '../../src/emulator/emulator.js';
import { startTestEmulator, type ControlClient, type TestOptions } from './emulator.js';
import { stepup, temporaryHome, type Outcome, type RunOptions } from './stepup.js';

export const PHONE = '+15551234242';
export const EMAIL = 'ada@example.com';
export const ORIGIN = 'http://localhost:3000';

export interface Environment {
  home: string;
  url: string;
  ready: Ready;
  control: ControlClient;
  /** `stepup ARGS` against this environment. */
  run(args: string | string[], options?: Partial<RunOptions>): Promise<Outcome>;
  /** Logs in by email. */
  login(email?: string, options?: Partial<RunOptions>): Promise<void>;
  /** The newest message that fits. Throws when there is none. */
  newest(query?: Record<string, string>): Promise<Message>;
  /** A `run` that stands for a shell: every command line prints the newest code that was sent. */
  shell: NonNullable<RunOptions['run']>;
  /** Back to the start: nobody known, an empty store. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the emulator (http only) and makes an empty store. As many codes may be sent as a test wants. */
export async function startEnvironment(overrides: TestOptions = {}): Promise<Environment> {
  const [{ emulator, control, stop }, { home, remove }] = await Promise.all([
    startTestEmulator({ httpsPort: undefined, ...overrides }),
    temporaryHome(),
  ]);
  const { url } = emulator.ready;
  const flags = ['--provider', 'dynamic', `--emulator=${url}`];
  const run: Environment['run'] = (args, options = {}) =>
    stepup([...(typeof args === 'string' ? args.split(' ') : args), ...flags], { home, ...options });
  const unlimited = async (): Promise<void> => void (await control.settings({ dynamic: { otpSends: 1000 } }));
  await unlimited();

  async function newest(query: Record<string, string> = {}): Promise<Message> {
    const message = (await control.messages(query)).at(-1);
    if (!message) throw new Error('no message was sent');
    return message;
  }
  const shell: Environment['shell'] = async () => ({
    status: 0,
    stdout: `${(await newest()).code}\n`,
    timedOut: false,
  });

  return {
    home,
    url,
    ready: emulator.ready,
    control,
    run,
    newest,
    shell,
    async login(email = EMAIL, options = {}) {
      const { status, stderr } = await run(['login', '--email', email, '--code-command', 'inbox'], {
        run: shell,
        ...options,
      });
      if (status !== 0) throw new Error(`login: ${status} ${stderr}`);
    },
    async reset() {
      await control.clearState();
      await unlimited();
      await rm(home, { recursive: true, force: true });
    },
    async close() {
      await stop();
      await remove();
    },
  };
}
