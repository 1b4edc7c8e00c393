/** How things stand, in words for a person and as rows for a pipe. */
import type { Challenge, ProviderName, SessionInfo } from '../../providers/provider.js';
import { timeLeft } from '../../durations.js';
import { heldInWords } from '../grants.js';
import { printable } from '../terminal/printable.js';
import type { Style } from '../terminal/style.js';
import type { AllReport, OneReport, ProfileState } from './report.js';
import type { SecretsPlace } from './secrets.js';
import type { HeldGrant } from './state.js';

const NONE = '-';

/** One application as lines for a person. `now` is in milliseconds. */
export function oneInWords(report: OneReport, now: number, style: Style): string[] {
  const { session, provider, application, secrets } = report;
  const name = report.profile === null ? application : report.profile;
  if (session === null) return [`${style.bold(printable(name))}: nobody is logged in.`, keptAt(secrets)];
  const { userId, identifier, host, sessionId, accessTokenExpiresAt: until, thumbprint } = session;
  const isOver = provider === 'prelude' && until !== undefined && Date.parse(until) <= now;
  return [
    `${style.bold(printable(userId))}${identifier === undefined ? '' : ` (${printable(identifier)})`}`,
    `  service      ${serviceName(provider)}`,
    `  application  ${printable(`${application} at ${host}`)}`,
    ...(report.profile === null ? [] : [`  profile      ${printable(report.profile)}`]),
    `  session      ${printable(sessionId)}`,
    ...(until === undefined ? [] : [`  token        until ${until} (${timeLeft(until, now)})`]),
    ...(thumbprint === undefined ? [] : [`  key          ${printable(thumbprint)}`]),
    keptAt(secrets),
    ...heldLines(report, now, style),
    ...(isOver
      ? ['The token is over: what a bound grant still holds shows with the next one (stepup check SCOPE renews it).']
      : []),
    ...(report.challenges.length === 0 ? [] : ['Under way:']),
    ...report.challenges.map((challenge) => `  ${challengeLine(challenge, now)}`),
  ];
}

/** Scopes that the token has of itself, without a grant that is known here: from the login, or from one that was forgotten. */
function ofToken({ session, grants }: Pick<OneReport, 'session' | 'grants'>): string[] {
  return (session?.scopes ?? []).filter((scope) => !grants.some(({ scopes }) => scopes.includes(scope)));
}

function heldLines({ session, grants }: OneReport, now: number, style: Style): string[] {
  const own = ofToken({ session, grants });
  const until = session?.accessTokenExpiresAt;
  return [
    ...(grants.length === 0 && own.length === 0 ? ['No scope is held.'] : []),
    ...(grants.length === 0 ? [] : ['Held by a grant:']),
    ...grants.map((grant) => `  ${grantLine(grant, now, style)}`),
    ...(own.length === 0 ? [] : ['Held by the token alone:']),
    ...own.map((scope) => `  ${style.good(printable(scope))}  ${heldInWords({ expiresAt: until }, now)}`),
  ];
}

/** Every profile as lines for a person, the current one with a star. `now` is in milliseconds. */
export function allInWords({ profiles, secrets }: AllReport, now: number, style: Style): string[] {
  return [...profiles.flatMap((each) => profileLines(each, now, style)), keptAt(secrets)];
}

function profileLines(state: ProfileState, now: number, style: Style): string[] {
  const { profile, current, provider, application, session, problem, grants, challenges } = state;
  const head = `${current ? '*' : ' '} ${style.bold(printable(profile))}  ${serviceName(provider)} ${printable(application)}`;
  if (problem) {
    const hint = problem.hint === undefined ? [] : [`    ${printable(problem.hint)}`];
    return [`${head}  ${style.bad(printable(problem.message))}`, ...hint];
  }
  if (session === null) return [`${head}  nobody is logged in`];
  const { accessTokenExpiresAt: until, thumbprint } = session;
  return [
    `${head}  ${printable(userName(session))}`,
    ...(until === undefined ? [] : [`    token until ${until} (${timeLeft(until, now)})`]),
    ...(thumbprint === undefined ? [] : [`    key ${printable(thumbprint)}`]),
    ...grants.map((grant) => `    held  ${grantLine(grant, now, style)}`),
    ...ofToken(state).map(
      (scope) => `    held  ${style.good(printable(scope))}  ${heldInWords({ expiresAt: until }, now)}`,
    ),
    ...challenges.map((challenge) => `    under way  ${challengeLine(challenge, now)}`),
  ];
}

/** A profile as a row for a pipe: name, service, application, user, held, under way, problem, with tabs between; `-` for none. */
export function rowOf(state: ProfileState | OneReport): string {
  const { profile, provider, application, session, grants, challenges } = state;
  const problem = 'problem' in state ? state.problem : undefined;
  const held = grants.map(({ scopes, expiresAt, singleUse, factors }) =>
    [scopes.join(' '), `until ${expiresAt}`, ...(singleUse ? ['single use'] : []), ...factors].join(', '),
  );
  const own = ofToken(state).map((scope) => `${scope}, until ${session?.accessTokenExpiresAt ?? ''}`);
  const open = challenges.map(({ challengeId, scopeRequested, currentStep }) =>
    [challengeId, scopeRequested, currentStep].filter((part) => part !== '').join(' '),
  );
  return [
    profile ?? NONE,
    provider,
    application,
    session === null ? NONE : userName(session),
    [...held, ...own].join('; ') || NONE,
    open.join('; ') || NONE,
    problem?.message ?? NONE,
  ]
    .map(printable)
    .join('\t');
}

function userName({ userId, identifier }: SessionInfo): string {
  return identifier === undefined ? userId : `${userId} (${identifier})`;
}

function serviceName(provider: ProviderName): string {
  return provider === 'dynamic' ? 'Dynamic' : 'Prelude';
}

function keptAt({ path, openToOthers }: SecretsPlace): string {
  const whose = openToOthers ? `which others can read: chmod 600 ${printable(path)}` : 'for its owner only';
  return `  secrets      in ${printable(path)}, ${whose}`;
}

function grantLine(grant: HeldGrant, now: number, style: Style): string {
  const { scopes, factors } = grant;
  const parts = [heldInWords(grant, now), ...(factors.length === 0 ? [] : [`proved by ${factors.join(', ')}`])];
  return `${style.good(printable(scopes.join(' ')))}  ${printable(parts.join(', '))}`;
}

function challengeLine({ challengeId, scopeRequested, currentStep, expiresAt }: Challenge, now: number): string {
  const what = `${challengeId}  ${scopeRequested || '(no scope yet)'}  ${currentStep}`;
  return printable(`${what}  (${timeLeft(expiresAt, now)})`);
}
