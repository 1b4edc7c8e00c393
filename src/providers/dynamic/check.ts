/** Is step-up needed for a scope now? The answer at hand first, then the service's; a failure counts as yes. */
import { InterruptedError, SessionError, StepupError } from '../../errors.js';
import { liveGrants } from '../grants.js';
import { hasPassed } from '../instants.js';
import { parseAnswer } from '../parse.js';
import type { CheckResult } from '../provider.js';
import { refusalError, sessionOver } from './errors.js';
import { parseScope } from './input.js';
import { methodOf } from './provider.js';
import type { Records } from './record.js';
import type { Keeper } from './session.js';
import { checkSchema } from './wire.js';

/**
 * Dynamic: `checkStepUpAuth`. Throws SessionError, InterruptedError, and UsageError SCOPE_INVALID; every other failure is the answer
 * "required" with its reason. `now` is in milliseconds.
 */
export async function checkScope(records: Records, keeper: Keeper, text: string, now: number): Promise<CheckResult> {
  const scope = parseScope(text);
  const session = await records.session();
  if (hasPassed(session.accessTokenExpiresAt, now)) throw sessionOver();
  const held = liveGrants(session, now).find(({ scopes }) => scopes.includes(scope));
  if (held) return { scope, required: false, heldBy: 'grant', expiresAt: held.expiresAt, mode: held.mode };
  try {
    return await ask(keeper, scope);
  } catch (error) {
    if (error instanceof SessionError || error instanceof InterruptedError || !(error instanceof StepupError))
      throw error;
    return { scope, required: true, reason: 'check-failed', problem: error.message };
  }
}

/** Asks the service alone. Throws what it refuses. */
export async function ask(keeper: Keeper, scope: string): Promise<CheckResult> {
  const answer = await keeper.call({ method: 'POST', path: '/stepUp/check', json: { scope } });
  if (answer.refusal) throw refusalError(answer.refusal, { scopes: [scope] });
  const { isRequired, credentials, defaultCredentialId } = parseAnswer(checkSchema, answer.json, '/stepUp/check');
  if (!isRequired) return { scope, required: false, reason: 'not-required' };
  return {
    scope,
    required: true,
    credentials: credentials.map(({ id, format, alias }) => ({
      id,
      method: methodOf(format),
      label: alias ?? undefined,
    })),
    defaultCredentialId: defaultCredentialId ?? undefined,
  };
}
