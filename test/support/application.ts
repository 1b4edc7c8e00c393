/** An emulated application of a test's own, with a store, and the program run against it. */
import { rm } from 'node:fs/promises';
import type { Message, Ready } from '../../src/emulator/emulator.js';
import { startTestEmulator, type ControlClient, type TestOptions } from './emulator.js';
import { stepup, temporaryHome, type Outcome, type RunOptions } from './stepup.js';

export const PHONE = '+33612345678';
export const EMAIL = 'ada@example.com';
export const SCOPE = 'transfer:write';

/** A stored verdict, in the service's field names. */
export interface Verdict {
  scope?: string;
  status?: 'continue' | 'review' | 'block';
  grantMode?: 'single-use' | 'session-bound' | 'profile-bound';
  grantedFor?: number;
  /** Keys of the steps, in order. Steps that the service does not run itself are registered as step keys. */
  steps?: string[];
  /** Seconds that each step may take. */
  stepSeconds?: number;
}

export interface Application {
  home: string;
  url: string;
  ready: Ready;
  control: ControlClient;
  /** `stepup ARGS` against this application. */
  run(args: string | string[], options?: Partial<RunOptions>): Promise<Outcome>;
  /** Registers the scopes and stores their verdicts, in place of all that were there. */
  allow(...verdicts: Verdict[]): Promise<void>;
  /** Makes a user with the phone number and the address. */
  addUser(): Promise<void>;
  /** Logs in by the phone number. */
  login(options?: Partial<RunOptions>): Promise<void>;
  /** A management call: method, path under the application, body. Throws for any status that is no success. */
  manage(method: string, path: string, body?: unknown): Promise<void>;
  /** The newest message that fits. Throws when there is none. */
  newest(query?: Record<string, string>): Promise<Message>;
  /** A `run` that stands for a shell: every command line prints the newest code that was sent. */
  shell: NonNullable<RunOptions['run']>;
  /** Back to the start: nothing configured, nobody known, an empty store. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the emulator (http only) and makes an empty store. */
export async function startApplication(overrides: TestOptions = {}): Promise<Application> {
  const [{ emulator, control, stop }, { home, remove }] = await Promise.all([
    startTestEmulator({ httpsPort: undefined, ...overrides }),
    temporaryHome(),
  ]);
  const { url, prelude } = emulator.ready;
  const run: Application['run'] = (args, options = {}) =>
    stepup([...(typeof args === 'string' ? args.split(' ') : args), `--emulator=${url}`], { home, ...options });

  const manage: Application['manage'] = async (method, path, body) => {
    const response = await fetch(`${prelude.managementUrl}/v2/session/apps/${prelude.appId}${path}`, {
      method,
      headers: { Authorization: `Bearer ${prelude.managementKey}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  };

  async function newest(query: Record<string, string> = {}): Promise<Message> {
    const message = (await control.messages(query)).at(-1);
    if (!message) throw new Error('no message was sent');
    return message;
  }
  const shell: Application['shell'] = async () => ({
    status: 0,
    stdout: `${(await newest()).code}\n`,
    timedOut: false,
  });

  let configured = false;
  const registered = new Set<string>();

  return {
    home,
    url,
    ready: emulator.ready,
    control,
    run,
    manage,
    newest,
    shell,
    async allow(...verdicts) {
      for (const { scope = SCOPE } of verdicts) {
        if (!registered.has(scope)) await manage('POST', '/config/scopes', { scope });
        registered.add(scope);
      }
      await manage(configured ? 'PUT' : 'POST', '/config/stepup', configurationOf(verdicts));
      configured = true;
    },
    addUser: () =>
      manage('POST', '/users', {
        identifiers: [
          { type: 'phone_number', value: PHONE },
          { type: 'email_address', value: EMAIL },
        ],
      }),
    async login(options) {
      const { status, stderr } = await run(['login', '--phone', PHONE, '--code-command', 'inbox'], {
        run: shell,
        ...options,
      });
      if (status !== 0) throw new Error(`login: ${status} ${stderr}`);
    },
    async reset() {
      await control.clearState();
      await rm(home, { recursive: true, force: true });
      registered.clear();
      configured = false;
    },
    async close() {
      await stop();
      await remove();
    },
  };
}

function configurationOf(verdicts: Verdict[]): object {
  const custom = new Set(verdicts.flatMap(({ steps = [] }) => steps).filter((key) => !key.startsWith('verify_')));
  return {
    jwks_url: 'https://api.example.com/.well-known/jwks.json',
    step_keys: [...custom].map((key) => ({ key, description: key })),
    allowed_scopes: verdicts.map((verdict) => ({
      scope: verdict.scope ?? SCOPE,
      mode: 'direct',
      direct: {
        identifier_types: ['phone_number', 'email_address'],
        status: verdict.status ?? 'review',
        grant_mode: verdict.grantMode ?? 'session-bound',
        granted_for: verdict.grantedFor ?? 300,
        steps: (verdict.steps ?? ['verify_sms']).map((key, at) => ({
          order: at + 1,
          key,
          expiration_duration: verdict.stepSeconds ?? 600,
        })),
      },
    })),
  };
}
