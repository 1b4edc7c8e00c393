/** The main job: a scope is asked for, a way is found to prove it, and the proof is walked through to the grant. */
import * as v from 'valibot';
import { RefusedError, UnreachableError, UsageError } from '../../errors.js';
import { withGrant, type StoredGrant } from '../grants.js';
import { hasPassed } from '../instants.js';
import { parseMetadata } from '../metadata.js';
import { parseAnswer, readToken } from '../parse.js';
import type { Challenge, Grant, PendingStep, RequestOptions, StepEvent } from '../provider.js';
import { choiceIn, codeIn, pendingStep } from '../step.js';
import type { Answer } from './api.js';
import { endChallenges } from '../ended.js';
import { completed, KINDS, scopeMissing, type Challenges, type Underway } from './challenges.js';
import { endsChallenge, isWrongCode, refusalError } from './errors.js';
import { parseAssertion, parseScopes } from './input.js';
import { proveByCode, proveByPasskey, proveByWallet, type ProofTools } from './proofs.js';
import type { Records } from './record.js';
import { grantOf } from './tokens.js';
import { computedCodes, type TotpClock } from './totp.js';
import { elevatedSchema } from './wire.js';
import type { Way, Ways } from './ways.js';

export interface StepUpOptions extends ProofTools {
  records: Records;
  challenges: Challenges;
  ways: Ways;
  clock: TotpClock;
  /** Under which name the store knows this user's own things. */
  ownerOf(userId: string): string;
  /** Has the code of a challenge sent. */
  send(underway: Underway): Promise<Underway>;
  /** Throws when the service does not know one of the scopes. */
  checkUnknown(scopes: string[]): Promise<void>;
}

export interface StepUp {
  request(scopes: string[], options: RequestOptions): AsyncGenerator<StepEvent, void>;
  resume(challengeId: string): AsyncGenerator<StepEvent, void>;
  /** Hands in one code. Throws RefusedError CODE_WRONG with the challenge kept. */
  checkCode(underway: Underway, code: string): Promise<{ challenge: Challenge; grant: Grant }>;
}

type CodeSent = Extract<StepEvent, { type: 'code-sent' }>;

/** The codes that a person types, by the kind of their step. */
export const FORMS: Partial<Record<PendingStep['kind'], PendingStep['accepts']>> = {
  otp: { pattern: /^\d{6}$/, words: 'six digits' },
  totp: { pattern: /^\d{6}$/, words: 'six digits' },
  recovery: { pattern: /^[\w-]{4,64}$/, words: '4 to 64 letters, digits or dashes' },
};

const assertionSchema = v.object({ scope: v.optional(v.fallback(v.string(), ''), '') });

/** Binds the walk through step-up. */
export function createStepUp(options: StepUpOptions): StepUp {
  const { records, keeper, keyring, challenges, ways, clock, send } = options;

  async function* request(wanted: string[], how: RequestOptions): AsyncGenerator<StepEvent, void> {
    if (how.metadata !== undefined && !how.detached) throw metadataUnsupported();
    const scopes = parseScopes(wanted);
    const metadata = how.metadata && parseMetadata(how.metadata);
    if (how.assertion !== undefined) {
      yield { type: 'granted', grant: await vouched(how.assertion, scopes) };
      return;
    }
    const session = await keeper.session();
    await options.checkUnknown(scopes);
    const way = yield* choose(await ways.find(session, how), scopes);
    const { id, facts } = await challenges.open(way, scopes, how.detached ? { detached: true, metadata } : {});
    if (how.detached) yield { type: 'challenge', challenge: facts };
    else yield* walk(id);
  }

  async function* choose(found: Way[], scopes: string[]): AsyncGenerator<StepEvent, Way> {
    const [first] = found;
    if (first && found.length === 1) return first;
    const idOf = ({ key, using }: Way): string => using ?? key.replace('verify_', '');
    const { step, decided } = pendingStep({
      key: 'method',
      kind: 'choice',
      scope: scopes.join(' '),
      choices: found.map((way) => ({ id: idOf(way), label: way.label })),
      choiceFlags: found.every(({ key }) => key === first?.key)
        ? '--credential ID'
        : '--method NAME or --credential ID',
    });
    yield { type: 'step', step };
    const decision = decided();
    const chosen = 'answer' in decision ? choiceIn(decision.answer) : '';
    const way = found.find((each) => idOf(each) === chosen);
    if (!way) throw new TypeError('the choice is none of those that were offered');
    return way;
  }

  async function* walk(challengeId: string): AsyncGenerator<StepEvent, void> {
    const underway = await challenges.take(challengeId);
    if (underway.stored.scopes.length === 0) throw scopeMissing(challengeId);
    const kind = KINDS[underway.stored.key];
    yield { type: 'challenge', challenge: underway.facts, accepts: FORMS[kind] };
    const grant = yield* prove(underway);
    yield { type: 'challenge', challenge: completed(underway.facts) };
    yield { type: 'granted', grant };
  }

  async function* prove(underway: Underway): AsyncGenerator<StepEvent, Grant> {
    switch (underway.stored.key) {
      case 'verify_wallet':
        return finish(underway, await orForget(underway, proveByWallet(options, underway)));
      case 'verify_passkey':
        return finish(underway, await orForget(underway, proveByPasskey(options, underway)));
      case 'verify_email':
      case 'verify_sms':
      case 'verify_totp':
      case 'verify_recovery':
        return yield* proveByTyping(underway);
    }
  }

  /** What cannot be signed here will not be later either: the challenge is forgotten. */
  async function orForget({ id }: Underway, proof: Promise<Answer>): Promise<Answer> {
    try {
      return await proof;
    } catch (error) {
      if (error instanceof RefusedError || error instanceof UsageError) await challenges.refused(id, error.serviceCode);
      throw error;
    }
  }

  /** A step that takes a code; wrong ones do not end it. */
  async function* proveByTyping(started: Underway): AsyncGenerator<StepEvent, Grant> {
    const { id, facts } = started;
    const { key } = started.stored;
    const kind = KINDS[key];
    const channel = key === 'verify_email' ? 'email' : key === 'verify_sms' ? 'sms' : undefined;
    const compute = kind === 'totp' ? await codesOf(started) : undefined;
    let underway = started;
    for (;;) {
      if (channel && !underway.stored.sent) {
        underway = await firstCode(underway);
        yield codeSent(underway, channel);
      }
      const { step, decided } = pendingStep(
        {
          challengeId: id,
          key,
          kind,
          channel,
          scope: facts.scopeRequested,
          sentAt: underway.stored.sent?.at,
          verificationId: underway.stored.sent?.verificationUUID,
          accepts: FORMS[kind],
          compute,
        },
        channel !== undefined,
      );
      yield { type: 'step', step };
      const decision = decided();
      if ('resend' in decision) {
        underway = await send(underway);
        if (channel) yield codeSent(underway, channel);
        continue;
      }
      try {
        return await hand(underway, codeIn(decision.answer));
      } catch (error) {
        if (!(error instanceof RefusedError) || error.code !== 'CODE_WRONG') throw error;
        yield {
          type: 'step-refused',
          key,
          code: error.serviceCode ?? error.code,
          message: error.message,
          challengeId: id,
        };
      }
    }
  }

  /** A challenge whose code the service will not send is good for nothing. */
  async function firstCode(underway: Underway): Promise<Underway> {
    try {
      return await send(underway);
    } catch (error) {
      if (error instanceof RefusedError) await challenges.refused(underway.id, error.serviceCode);
      throw error;
    }
  }

  /** Computes codes when the secret of the user's device is in the store. */
  async function codesOf({ session, stored }: Underway): Promise<PendingStep['compute']> {
    const held = [...(await keyring.totpOf(options.ownerOf(session.userId)))];
    const found = held.find(([id]) => stored.using === undefined || id === stored.using);
    return found && computedCodes(keyring, { id: found[0], kept: found[1] }, clock);
  }

  async function hand(underway: Underway, code: string): Promise<Grant> {
    return finish(underway, await proveByCode(options, underway, code.trim()));
  }

  /** Keeps what a proof has brought, the session first. */
  async function finish({ id, session, stored }: Underway, answer: Answer): Promise<Grant> {
    const { refusal } = answer;
    if (refusal) {
      const reauth = ['verify_email', 'verify_sms', 'verify_wallet'].includes(stored.key);
      const error = refusalError(refusal, { scopes: stored.scopes, reauth });
      const again = isWrongCode(refusal) || refusal.code === 'invalid_scopes';
      if (endsChallenge(refusal) || !again) await challenges.refused(id, refusal.code);
      throw error;
    }
    // The proof is spent, also when what came for it cannot be used.
    try {
      const { elevatedAccessToken } = await keeper.keep(session, answer);
      if (!elevatedAccessToken)
        throw notGranted(stored.scopes, 'The service took the proof, but gave no elevated token.');
      const facts = { factor: stored.key, challengeId: id, now: options.now(), userId: session.userId };
      const grant = readable(stored.scopes, () => grantOf(elevatedAccessToken, answer, facts));
      return await keepGrant(grant, stored.scopes);
    } catch (error) {
      await challenges.refused(id);
      throw error;
    }
  }

  /** The challenge ends with its grant, in one step: whoever waits for it sees both or neither. */
  async function keepGrant(grant: StoredGrant, scopes: string[]): Promise<Grant> {
    const { sessionId } = await records.session();
    if (hasPassed(grant.expiresAt, options.now())) {
      throw notGranted(scopes, 'The elevated token that the service gave has expired already; is this clock right?');
    }
    const missing = scopes.filter((scope) => !grant.scopes.includes(scope));
    const { challengeId } = grant;
    const outcome = missing.length === 0 ? { outcome: 'granted' as const, grant } : { outcome: 'refused' as const };
    const endings = challengeId === undefined ? [] : [{ challengeId, scopes, ...outcome }];
    await records.updateSession(sessionId, (current) => ({
      ...endChallenges(current, endings, options.now()),
      grants: withGrant(current.grants, grant),
    }));
    if (missing.length === 0) return grant;
    throw notGranted(missing, `The elevated token that the service gave does not hold ${missing.join(' ')}.`);
  }

  /** Dynamic: the scopes come from the token of the developer's backend, not from the call. */
  async function vouched(text: string, scopes: string[]): Promise<Grant> {
    const jwt = parseAssertion(text, '--assertion');
    const vouchedFor = readScopes(jwt);
    const missing = scopes.filter((scope) => !vouchedFor.includes(scope));
    if (missing.length > 0) {
      throw new UsageError('ASSERTION_INVALID', `The assertion does not name ${missing.join(' ')} in its scope.`, {
        field: '--assertion',
        hint: 'The scope of an assertion is what it gives; sign one that names every scope.',
      });
    }
    const answer = await keeper.call({ method: 'POST', path: '/externalAuth/verify', json: { jwt }, spends: true });
    if (answer.refusal) throw refusalError(answer.refusal, { scopes });
    const { elevatedAccessToken } = parseAnswer(elevatedSchema, answer.json, '/externalAuth/verify');
    const { userId } = await records.session();
    return keepGrant(grantOf(elevatedAccessToken, answer, { factor: 'assertion', now: options.now(), userId }), scopes);
  }

  return {
    request,
    resume: walk,
    async checkCode(underway, code) {
      const grant = await hand(underway, code);
      return { challenge: completed(underway.facts), grant };
    },
  };
}

function readScopes(jwt: string): string[] {
  try {
    return readToken(assertionSchema, jwt, 'an assertion').scope.split(' ').filter(Boolean);
  } catch (cause) {
    throw new UsageError('ASSERTION_INVALID', 'The assertion cannot be read: it is no JWT.', {
      field: '--assertion',
      cause,
    });
  }
}

/** The event of a code that was sent for a challenge. */
export function codeSent({ id, stored }: Underway, channel: 'sms' | 'email'): CodeSent {
  return { type: 'code-sent', step: stored.key, channel, sentAt: stored.sent?.at ?? stored.startedAt, challengeId: id };
}

/** A proof that was taken is over, whatever came for it: an elevated token that cannot be read is none. */
function readable(scopes: string[], read: () => StoredGrant): StoredGrant {
  try {
    return read();
  } catch (error) {
    throw error instanceof UnreachableError ? notGranted(scopes, error.message) : error;
  }
}

function notGranted(scopes: string[], message: string): RefusedError {
  return new RefusedError('SCOPE_NOT_GRANTED', message, { hint: `Ask again with: stepup request ${scopes.join(' ')}` });
}

function metadataUnsupported(): UsageError {
  return new UsageError('COMMAND_UNSUPPORTED', '--metadata is of Prelude: Dynamic calls no hook that could read it.', {
    field: '--metadata',
    hint: 'Leave it out.',
  });
}
