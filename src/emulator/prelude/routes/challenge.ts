/** Step-up: a challenge is asked for, and its custom steps are proved. */
import { Hono, type Context } from 'hono';
import { age } from '../../tenant-place.js';
import { requireBearer } from '../access.js';
import { requireChallengeProof } from '../binding.js';
import { readBody } from '../body.js';
import { move, openChallenge, passStep, present } from '../challenges.js';
import { clientAddress, platformOf } from '../device.js';
import { FrontendError, type Env } from '../errors.js';
import { keepGrant } from '../grants.js';
import { askHook, type HookCall, type Verdict } from '../hooks.js';
import { advanced, checkPasskeyStep, requirePasskeyStep, type Advanced } from '../passkey-steps.js';
import { placeOf, type Parts, type Place } from '../parts.js';
import { managedVerdict } from '../registration.js';
import { expiredWords, isExpired, type Challenge } from '../rules.js';
import { registeredScopes } from '../scopes.js';
import type { Session } from '../sessions.js';
import { chooseEntry, directVerdict, type StepUpConfig } from '../step-up-config.js';
import { readStepUpConfig } from '../step-up-store.js';
import { findUser, type User } from '../users.js';
import { checkVerificationToken } from '../verification-token.js';
import { metadataFault, StepUpContinue, StepUpRequest, type Identifier } from '../wire.js';
import { bearerWithProof } from './session.js';

/** What is asked for, by whom. */
interface Wish {
  scope: string;
  metadata: Record<string, string> | null;
  user: User;
}

interface Decision {
  verdict: Verdict;
  /** What a managed scope will add to the user. */
  registers?: Identifier;
}

/** `/stepup/request`, `/stepup/continue`. */
export function challengeRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post('/stepup/request', async (c) => {
    const place = placeOf(c, parts);
    const { session } = await bearerWithProof(c, place);
    const wish = await readWish(c, place, session);
    const decision = await decide(c, place, wish, await requireConfig(place));
    return c.json(await carryOut(place, session, wish, decision));
  });

  routes.post('/stepup/continue', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const body = await readBody(c, StepUpContinue);
    const { challenge, jti } = await present(place, body.challenge_token);
    if (isExpired(challenge, jti, age(place))) {
      throw new FrontendError('expired_challenge_token', expiredWords(challenge, age(place)));
    }
    await requireChallengeProof(c, place, { jti, jkt: bearer.session.jkt, accessToken: bearer.token });
    if (challenge.sessionId !== bearer.session.id) {
      throw new FrontendError(
        'token_mismatch',
        "challenge token: expected one of the bearer's session, got another session's",
      );
    }
    await move(place, challenge.id, { type: 'present', jti });
    const key = body.passkey_assertion
      ? await checkPasskeyStep(place, challenge, body.passkey_assertion)
      : await checkCustomStep(place, challenge, body.verification_token);
    return c.json(await advanced(place, await passStep(place, { id: challenge.id, jti, key })));
  });

  return routes;
}

async function checkCustomStep(place: Place, challenge: Challenge, token: string | undefined): Promise<string> {
  if (token === undefined) throw new FrontendError('bad_request', 'verification_token: expected one, got none');
  const { jwks_url } = await requireConfig(place);
  if (!jwks_url) throw new FrontendError('not_configured', 'step-up configuration: expected a jwks_url, got none');
  return checkVerificationToken(place, token, challenge, jwks_url);
}

async function readWish(c: Context<Env>, place: Place, session: Session): Promise<Wish> {
  const { scope, metadata } = await readBody(c, StepUpRequest);
  const fault = metadata && metadataFault(metadata, scope);
  if (fault) throw new FrontendError('invalid_metadata', fault);
  const user = await findUser(place, session.userId);
  if (!user) throw new FrontendError('unauthorized', 'user: expected one, got a deleted one');
  // `metadataFault` has let only strings through.
  return { scope, metadata: (metadata as Record<string, string> | undefined) ?? null, user };
}

async function requireConfig(place: Place): Promise<StepUpConfig> {
  const config = await readStepUpConfig(place);
  if (!config) throw new FrontendError('not_configured', 'step-up configuration: expected one, got none');
  return config;
}

/** The verdict of the entry that decides. Throws FrontendError for a scope that nothing decides, and `internal` when the hook fails. */
async function decide(c: Context<Env>, place: Place, wish: Wish, config: StepUpConfig): Promise<Decision> {
  const { identifiers } = wish.user;
  const choice = chooseEntry(config, wish.scope, identifiers);
  if ('none' in choice)
    throw new FrontendError(
      choice.none,
      `scope ${wish.scope}: expected an entry in allowed_scopes, got none that fits`,
    );
  const { strictScopes } = await place.services.settings(place.tenant.id);
  if (strictScopes && !(await registeredScopes(place)).includes(wish.scope)) {
    throw new FrontendError(
      'scope_not_allowed',
      `scope ${wish.scope}: expected one registered on the application, got another`,
    );
  }
  const { entry } = choice;
  if (await isBlocked(place, wish.user)) return { verdict: { status: 'block' } };
  if (entry.mode === 'managed') return managedVerdict(place, wish.scope, wish.metadata);
  const verdict =
    entry.mode === 'direct'
      ? directVerdict(entry.direct, identifiers)
      : await askHook(
          place,
          entry.delegated.delegation_hook,
          hookCall(c, wish),
          config.step_keys.map(({ key }) => key),
          c.get('hookTimeout'),
        );
  if (!verdict) {
    const code = entry.mode === 'direct' ? 'direct_scope_identifier_mismatch' : 'internal';
    throw new FrontendError(code, `scope ${wish.scope}: expected a verdict that can be carried out, got none`);
  }
  if (verdict.status === 'review' && verdict.steps.some(({ key }) => key === 'verify_passkey')) {
    await requirePasskeyStep(place, wish.user.id);
  }
  return { verdict };
}

/** Whether the scenario of the user, or of one of the user's identifiers, blocks every request. */
async function isBlocked({ services, tenant }: Place, { id, identifiers }: User): Promise<boolean> {
  for (const identity of [id, ...identifiers.map(({ value }) => value)]) {
    if ((await services.scenario(tenant.id, identity)).hookVerdict === 'block') return true;
  }
  return false;
}

async function carryOut(
  place: Place,
  session: Session,
  { scope, metadata, user }: Wish,
  { verdict, registers }: Decision,
): Promise<{ status: string } & Partial<Advanced>> {
  const { status } = verdict;
  if (status === 'block') {
    await place.services.emit(place.tenant.id, 'challenge', {
      provider: 'prelude',
      transition: 'blocked',
      challengeId: null,
      step: null,
      scope,
      userId: user.id,
      sessionId: session.id,
    });
    return { status };
  }
  const { grantMode, grantedFor, steps } = verdict;
  const opening = { userId: user.id, sessionId: session.id, scope, metadata, grantMode, grantedFor, steps, registers };
  const { challenge, token } = await openChallenge(place, opening);
  const { continueWithToken } = await place.services.settings(place.tenant.id);
  if (status === 'review' || continueWithToken) return { status, ...(await advanced(place, { challenge, token })) };
  const spend = { type: 'spend', jti: challenge.jti, userId: user.id, sessionId: session.id } as const;
  for (const effect of (await move(place, challenge.id, spend)).effects) {
    if (effect.type === 'grant') await keepGrant(place, challenge.id, session, effect);
  }
  return { status };
}

function hookCall(c: Context<Env>, { scope, metadata, user }: Wish): HookCall {
  return {
    scope_requested: scope,
    user_id: user.id,
    identifiers: user.identifiers.map(({ type, value }) => ({ type, value })),
    signals: { user_agent: c.req.header('user-agent') ?? '', platform: platformOf(c), ip: clientAddress(c) },
    ...(metadata ? { metadata } : {}),
  };
}
