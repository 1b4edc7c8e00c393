/** The walk at Dynamic: check, verify, proceed, by every family of proof. */
import { FailedError, InterruptedError } from '../../errors.js';
import type { Ready } from '../../emulator/emulator.js';
import type { System } from '../../system.js';
import type { Stage } from './stage.js';
import { INBOX_COMMAND } from './world.js';

const TUTORIAL_EMAIL = 'ada@example.com';

/** The sample of a call that the service demands an elevated token for. */
const EXPORT = ['fetch', '/waas/my-wallet/privateKey/export', '-X', 'POST'];

/** Step-up is needed (`check`), and refused by the service (all others). */
const NEEDED = 7;
const REFUSED = 3;

/** Plays it with one scope. */
export async function playDynamic(
  stage: Stage,
  system: Pick<System, 'fetch' | 'signal'>,
  { scope, interactive }: { scope: string; interactive: boolean },
): Promise<void> {
  const { explain } = stage.transcript;
  const codes = interactive ? [] : ['--code-command', INBOX_COMMAND];
  const request = (...how: string[]): string[] => ['request', scope, ...how];

  explain('Start the emulator', 'It speaks as the service does, on this machine only.');
  const start = ['emulator', 'start', '--port', '0', '--https-port', '0'];
  const ready = await stage.serve<Ready>('emulator', start, ({ url }) => `Ready at ${url}`);
  await allowCodes(system, ready);

  explain('Log in', 'A code by email. A session of its own, which may do ordinary things.');
  await stage.run('login', ['login', '--email', TUTORIAL_EMAIL, ...codes], { asks: true });
  explain('Check', `Is step-up needed for ${scope}? Status 7 says that it is.`);
  await stage.run('check', ['check', scope], { status: NEEDED });
  explain('Verify', 'The user has no MFA yet, so a code by email proves once more that it is them.');
  await stage.run('request', request(...codes), { hide: true, asks: true });
  await stage.run('status', ['status']);
  explain('Proceed', 'The elevated token goes along by itself. It was for a single use: the second call is refused.');
  await stage.run('proceed', EXPORT);
  await stage.run('refused', EXPORT, { status: REFUSED });

  explain('Enrol an authenticator app', 'Adding a factor is dangerous too: it takes a step-up of its own.');
  await stage.run('mfa', ['mfa', 'add', ...codes], { asks: true });
  explain('Re-authentication is over', 'Who has MFA must use it: the service takes no code by email any more.');
  await stage.run('mfa required', request('--method', 'email', ...codes), { status: REFUSED, asks: true });
  explain('Verify by the app', 'The code is computed here, from the secret that was enrolled.');
  await stage.run('totp', request('--method', 'totp'), { hide: true });
  explain('Verify by a recovery code', 'For whoever has lost the app. Each code is good once.');
  await stage.run('recovery codes', ['mfa', 'recovery-codes']);
  const { recoveryCodes } = await stage.read<{ recoveryCodes: string[] }>(['mfa', 'recovery-codes']);
  await stage.run('recovery', request('--method', 'recovery', '--code', recoveryCodes[0] ?? ''), { hide: true });
  explain('Make a passkey and use it', 'Its key is kept in the store, as a platform authenticator would keep it.');
  await stage.run('passkey', ['passkey', 'add', ...codes], { asks: true });
  await stage.run('by passkey', request('--method', 'passkey'), { hide: true });
  await stage.run('held', ['status']);
  explain('Reset', 'Forgets what is pending and the elevated tokens; the login stays.');
  await stage.run('reset', ['reset', '--grants']);
}

/** The service sends three codes to an address in ten minutes; the walk needs more. */
async function allowCodes(
  { fetch, signal }: Pick<System, 'fetch' | 'signal'>,
  { controlUrl, controlToken }: Ready,
): Promise<void> {
  const sent = fetch(`${controlUrl}/settings`, {
    method: 'PATCH',
    headers: { Authorization: `Bearer ${controlToken}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ dynamic: { otpSends: 100 } }),
    signal,
  });
  const response = await sent.catch((error: unknown) => {
    if (signal.aborted) throw new InterruptedError();
    throw error;
  });
  if (!response.ok) throw new FailedError('LISTEN_FAILED', 'The emulator of the tutorial does not take its settings.');
}
