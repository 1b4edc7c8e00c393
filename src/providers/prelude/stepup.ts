/** The main job: a scope is asked for, and its challenge is walked through to the grant. */
import { RefusedError, UnreachableError, UsageError } from '../../errors.js';
import type { RequestOptions, StepEvent } from '../provider.js';
import { malformed } from '../../http/failures.js';
import type { Challenges, Underway } from './challenges.js';
import type { Completion } from './completion.js';
import { refusalError, VERIFICATION_REFUSALS } from './errors.js';
import type { Frontend, FrontendAnswer } from './frontend.js';
import { parseMetadata } from '../metadata.js';
import { parseScope } from './input.js';
import type { Steps } from './otp.js';
import { assertionFor, type PasskeyTools } from './passkeys.js';
import type { Records } from './records.js';
import type { SessionKeeper } from './session.js';
import { codeIn, pendingStep, tokenIn } from '../step.js';
import { channelOf, COMPLETED, readChallengeToken, type ChallengeClaims } from './tokens.js';
import { parseAnswer } from '../parse.js';
import { verdictSchema } from './wire.js';

export interface StepUpOptions {
  frontend: Frontend;
  records: Records;
  keeper: SessionKeeper;
  challenges: Challenges;
  steps: Steps;
  completion: Completion;
  passkeys: PasskeyTools;
}

export interface StepUp {
  request(scopes: string[], options: RequestOptions): AsyncGenerator<StepEvent, void>;
  resume(challengeId: string): AsyncGenerator<StepEvent, void>;
}

/** Binds the walk through step-up. */
export function createStepUp({
  frontend,
  records,
  keeper,
  challenges,
  steps,
  completion,
  passkeys,
}: StepUpOptions): StepUp {
  async function* request(scopes: string[], options: RequestOptions): AsyncGenerator<StepEvent, void> {
    refuseOthers(options);
    const scope = onlyScope(scopes);
    const metadata = options.metadata && parseMetadata(options.metadata, scope);
    const { sessionId } = await records.session();
    const answer = await keeper.authorized((bearer) => ask(scope, metadata, bearer));
    if (answer.refusal) throw refusalError(answer.refusal, { scope });
    const verdict = parseAnswer(verdictSchema, answer.json, '/stepup/request');
    // What the token says decides, not the status (Prelude: what `continue` carries).
    if (verdict.status === 'block') {
      yield { type: 'blocked', scopes: [scope] };
    } else if (verdict.challenge_token !== undefined) {
      sameAsAsked(readChallengeToken(verdict.challenge_token), scope, sessionId);
      // The service keeps metadata in the token; whoever answers must see it in any case.
      const started = options.detached ? { detached: true, metadata } : {};
      const claims = await challenges.keep(sessionId, verdict.challenge_token, answer, { started });
      if (options.detached && claims.current_step !== COMPLETED) {
        yield { type: 'challenge', challenge: (await challenges.take(claims.challenge_id)).facts };
      } else {
        yield* walk(claims.challenge_id);
      }
    } else if (verdict.status === 'continue') {
      yield { type: 'granted', grant: await completion.collect(scope) };
    } else {
      throw malformed('The service asks for a review and sent no challenge.');
    }
  }

  async function ask(
    scope: string,
    metadata: Record<string, string> | undefined,
    bearer: string,
  ): Promise<FrontendAnswer> {
    const body = { scope, ...(metadata && Object.keys(metadata).length > 0 ? { metadata } : {}) };
    try {
      return await frontend.call({ path: '/stepup/request', body, bearer });
    } catch (error) {
      if (!(error instanceof UnreachableError) || error.serviceCode !== 'internal') throw error;
      const { status, serviceCode, requestId, retryAfter } = error;
      throw new UnreachableError(error.code, error.message, {
        hint: 'If the scope is delegated, its hook may have failed: see its log, or what `stepup hook serve` prints.',
        status,
        serviceCode,
        requestId,
        retryAfter,
      });
    }
  }

  async function* walk(challengeId: string): AsyncGenerator<StepEvent, void> {
    for (;;) {
      const underway = await challenges.take(challengeId);
      if (underway.claims.current_step === COMPLETED) {
        const { challenge, grant } = await completion.finish(challengeId);
        yield { type: 'challenge', challenge };
        yield { type: 'granted', grant };
        return;
      }
      yield { type: 'challenge', challenge: underway.facts };
      yield* doStep(underway);
    }
  }

  /** A passkey of the store signs; nobody is asked. */
  async function provePasskey(challengeId: string): Promise<void> {
    const underway = await challenges.take(challengeId);
    if (!underway.stored.passkey) throw unsupported('verify_passkey', challengeId);
    const assertion = await assertionFor(passkeys, underway.stored.passkey).catch((error: unknown) => {
      throw error instanceof RefusedError ? keptChallenge(error, challengeId) : error;
    });
    await steps.prove(underway, { passkey_assertion: assertion });
  }

  /** One step to its end; wrong answers do not end it. */
  async function* doStep({
    claims: { challenge_id: challengeId, current_step: key },
  }: Underway): AsyncGenerator<StepEvent, void> {
    if (key === 'verify_passkey') return provePasskey(challengeId);
    const channel = channelOf(key);
    for (;;) {
      let underway = await challenges.take(challengeId);
      // Another process has done this step.
      if (underway.claims.current_step !== key) return;
      if (channel && !underway.stored.sent) {
        yield await steps.sendCode(underway, false);
        underway = await challenges.take(challengeId);
      }
      const { step, decided } = pendingStep(
        {
          challengeId,
          key,
          kind: channel ? 'otp' : 'custom',
          channel,
          scope: underway.claims.scope_requested,
          userId: underway.claims.sub,
          sentAt: underway.stored.sent?.at,
        },
        channel !== undefined,
      );
      yield { type: 'step', step };
      const decision = decided();
      if ('resend' in decision) {
        yield await steps.sendCode(underway, true);
        continue;
      }
      try {
        if (channel) await steps.checkCode(underway, codeIn(decision.answer));
        else await steps.prove(underway, { verification_token: tokenIn(decision.answer) });
        return;
      } catch (error) {
        if (!(error instanceof RefusedError) || !isWrongAnswer(error)) throw error;
        yield { type: 'step-refused', key, code: error.serviceCode ?? error.code, message: error.message, challengeId };
      }
    }
  }

  return { request, resume: walk };
}

function isWrongAnswer(error: RefusedError): boolean {
  return (
    error.code === 'CODE_WRONG' || (error.code === 'REFUSED' && VERIFICATION_REFUSALS.has(error.serviceCode ?? ''))
  );
}

/** A challenge for another scope or another session is not ours to answer: its grant would not be what was asked for. */
function sameAsAsked(claims: ChallengeClaims, scope: string, sessionId: string): void {
  if (claims.scope_requested !== scope) throw malformed('The service sent a challenge for another scope.');
  if (claims.sid !== sessionId) throw malformed('The service sent a challenge of another session.');
}

/** At Prelude the hook or the stored verdict decides which steps there are. */
function refuseOthers({ method, using, assertion }: RequestOptions): void {
  const flag = method === undefined ? (using === undefined ? undefined : '--credential') : '--method';
  const field = assertion === undefined ? flag : '--assertion';
  if (field === undefined) return;
  throw new UsageError(
    'COMMAND_UNSUPPORTED',
    `${field} is of Dynamic: at Prelude the application decides on the steps.`,
    {
      field,
      hint: 'See who decides for a scope with: stepup scope list',
    },
  );
}

function onlyScope(scopes: string[]): string {
  const [scope, ...more] = scopes;
  if (scope !== undefined && more.length === 0) return parseScope(scope);
  throw new UsageError('SCOPE_COUNT', `Prelude takes one scope a request, not ${scopes.length}.`, {
    field: 'scope',
    hint: 'Ask for them one after the other.',
  });
}

/** No passkey of the store can sign: another store may have it. */
function keptChallenge({ code, message, hint }: RefusedError, challengeId: string): RefusedError {
  const kept = `The challenge is kept: stepup challenge continue ${challengeId}`;
  return new RefusedError(code, message, { hint: [hint, kept].filter(Boolean).join('\n') });
}

/** The service has not said what is to be signed. */
function unsupported(key: string, challengeId: string): UsageError {
  return new UsageError('STEP_UNSUPPORTED', `The step ${key} cannot be done: the service has sent no options for it.`, {
    hint: `The challenge is kept; drop it with: stepup challenge discard ${challengeId}`,
  });
}
