/** A whole request: its tokens, its proof, how they belong together, and what the server said to it. */
import { answerFindings, nonceIn, scopesOf } from './answer.js';
import { headerFindings, readAuthorization, variableIn, type Authorization } from './authorization.js';
import { RANKS, type Finding } from './check.js';
import { valuesOf } from './http-head.js';
import { isOfPrelude, type HttpRequest } from './http-message.js';
import type { Called } from './htu.js';
import { readJws, type Jws } from './jws.js';
import { scopesIn } from './kinds.js';
import { proofFindings } from './proof.js';
import { shown, shownList, shownText } from './shown.js';
import { clockFinding } from './times.js';
import { tokenFindings, type LookedAt } from './token.js';
import type { World } from './world.js';

export interface RequestOptions {
  /** The header of Dynamic's elevated token. */
  elevatedHeader: string;
}

/** Looks at a request. */
export async function requestFindings(
  request: HttpRequest,
  world: World,
  { elevatedHeader }: RequestOptions,
): Promise<Finding[]> {
  const scopes = world.scopes.length > 0 ? world.scopes : scopesOf(request.answer);
  const authorization = readAuthorization(request);
  const elevatedValues = valuesOf(request.headers, elevatedHeader.toLowerCase());
  const jws = authorization.token === undefined ? undefined : readJws(authorization.token, '').jws;
  const proofs = valuesOf(request.headers, 'dpop');
  const proof = proofs.length === 1 && !variableIn(request, 'dpop') ? proofs[0] : undefined;
  const looked =
    proof === undefined ? undefined : await proofFindings(proof, world, placeOf(request, world, jws, authorization));
  const ofDynamic =
    world.provider === 'dynamic' || elevatedValues.length > 0 || 'environment_id' in (jws?.claims ?? {});
  const access = await accessFindings(authorization, world, {
    scopes: ofDynamic ? undefined : scopes,
    sentAt: looked?.sentAt,
  });
  return [
    ...request.notes.map(noteFinding),
    ...answerFindings(request.answer, looked?.nonce),
    ...headerFindings(request),
    authorization.finding,
    ...access.findings,
    ...bindingFindings(authorization, jws, proofs),
    ...proofHeaderFindings(request, proofs),
    ...(looked?.findings.map((finding) => ({ ...finding, check: `proof: ${finding.check}` })) ?? []),
    ...(ofDynamic
      ? await elevatedFindings(request, world, {
          values: elevatedValues,
          header: elevatedHeader,
          scopes,
          access: access.jws,
        })
      : []),
    clockFinding(world, proof !== undefined),
  ];
}

function noteFinding(note: string): Finding {
  return { check: 'input', ok: null, expected: 'the request as it was sent', actual: note };
}

async function accessFindings(
  { token }: Authorization,
  world: World,
  place: { scopes: readonly string[] | undefined; sentAt: number | undefined },
): Promise<LookedAt> {
  if (token === undefined) return { findings: [] };
  return tokenFindings(token, world, { wanted: 'access', prefix: 'access token: ', asSent: true, ...place });
}

/** What the proof has to fit. */
function placeOf(
  request: HttpRequest,
  world: World,
  jws: Jws | undefined,
  { scheme, token }: Authorization,
): Parameters<typeof proofFindings>[2] {
  return {
    method: world.method ?? request.method,
    called: calledBy(request, world),
    accessToken: jws?.text ?? token,
    needsHash: !isOfPrelude(request) && ((jws && thumbprintIn(jws) !== undefined) || scheme === 'dpop'),
    boundTo: jws && thumbprintIn(jws),
    challengeJti: challengeJtiIn(request),
    asSent: true,
    answered: nonceIn(request.answer),
  };
}

/** How the server believes it is called; what a proxy has told it stands in the headers. */
function calledBy({ url, target, headers }: HttpRequest, world: World): Called {
  const one = (name: string): string | undefined => valuesOf(headers, name)[0]?.split(',')[0]?.trim();
  const host = one('host');
  const protocol = one('x-forwarded-proto') ?? /proto=["']?(\w+)/i.exec(one('forwarded') ?? '')?.[1];
  const outer = one('x-forwarded-host') ?? /host=["']?([^;,"']+)/i.exec(one('forwarded') ?? '')?.[1];
  const path = target ?? (url !== undefined && URL.canParse(url) ? new URL(url).pathname : undefined);
  const told = protocol !== undefined || outer !== undefined || one('x-forwarded-prefix') !== undefined;
  const forwarded = `${protocol ?? 'https'}://${outer ?? host}${one('x-forwarded-prefix') ?? ''}${path}`;
  return {
    isServers: world.url !== undefined,
    url:
      world.url ??
      url ??
      (protocol !== undefined && outer === undefined && host !== undefined ? `http://${host}${path}` : undefined),
    target: path,
    host,
    forwarded: told && path !== undefined && (outer ?? host) !== undefined ? forwarded : undefined,
  };
}

function thumbprintIn({ claims: { cnf } }: Jws): string | undefined {
  const jkt = typeof cnf === 'object' && cnf !== null && 'jkt' in cnf ? cnf.jkt : undefined;
  return typeof jkt === 'string' ? jkt : undefined;
}

/** Prelude: calls of a challenge have its token in their body. */
function challengeJtiIn({ body, url, target }: HttpRequest): string | undefined {
  if (!/\/v1\/session\/(otp\/check|stepup\/continue)\b/.test(url ?? target ?? '') || body === undefined)
    return undefined;
  const [, token = ''] = /"challenge_token"\s*:\s*"([\w.-]{1,16000})"/.exec(body.toString('utf8')) ?? [];
  const jti = readJws(token, '').jws?.claims['jti'];
  return typeof jti === 'string' ? jti : undefined;
}

/** RFC 9449 §7.1 and §7.2: a bound token goes by DPoP and with a proof, another one by Bearer. */
function bindingFindings({ scheme, token }: Authorization, jws: Jws | undefined, proofs: string[]): Finding[] {
  if (token === undefined || !jws || scheme === undefined) return [];
  const bound = thumbprintIn(jws) !== undefined;
  const finding = {
    check: 'binding',
    rank: RANKS.binding,
    actual: `${scheme === 'dpop' ? 'DPoP' : 'Bearer'}, ${proofs.length === 0 ? 'no proof' : 'a proof'}`,
  };
  if (!bound) {
    const expected = 'Bearer: the token is bound to no key';
    const cause = 'The token is bound to no key (it has no cnf.jkt), and was sent as DPoP.';
    return [{ ...finding, ok: scheme === 'bearer', expected, cause, hint: 'Send it as Bearer.' }];
  }
  const expected = 'DPoP and a proof: the token is bound to a key (cnf.jkt)';
  if (scheme === 'bearer') {
    const cause = `The token is bound to a key (cnf.jkt), and was sent as Bearer${proofs.length === 0 ? ' without a proof' : ''}: RFC 9449 §7.2 has it refused.`;
    return [
      {
        ...finding,
        ok: false,
        expected,
        cause,
        hint: 'Send Authorization: DPoP TOKEN with a fresh proof in the header DPoP; stepup fetch does.',
      },
    ];
  }
  const cause = 'The token is sent as DPoP, and there is no proof beside it.';
  return [
    { ...finding, ok: proofs.length > 0, expected, cause, hint: 'Make a proof for each request, in the header DPoP.' },
  ];
}

function proofHeaderFindings(request: HttpRequest, proofs: string[]): Finding[] {
  const variable = variableIn(request, 'dpop');
  if (variable) return [variable];
  if (proofs.length < 2) return [];
  const cause = `The request has ${proofs.length} headers DPoP, and exactly one is taken (RFC 9449 §4.3).`;
  return [
    {
      check: 'proof',
      ok: false,
      expected: 'one header DPoP',
      actual: `${proofs.length} of them`,
      cause,
      rank: RANKS.form,
    },
  ];
}

/** Dynamic: the scope is in a token of its own, beside the session's. */
async function elevatedFindings(
  request: HttpRequest,
  world: World,
  { values, header, scopes, access }: { values: string[]; header: string; scopes: string[]; access: Jws | undefined },
): Promise<Finding[]> {
  const check = 'elevated token';
  const [value] = values;
  if (value === undefined) {
    const expected = `one in ${header}`;
    if (scopes.length === 0)
      return [{ check, ok: null, expected: `${expected}, where a scope is demanded`, actual: 'none' }];
    const held = access && scopes.every((scope) => scopesIn(access.claims).words.includes(scope));
    const cause = `The request carries no elevated token: at Dynamic ${shownList(scopes)} is in a token of its own, in ${header}.`;
    const hint = `Step up, and send both tokens: stepup fetch URL --scope ${shownText(scopes[0] ?? 'SCOPE')}`;
    return [{ check, ok: held === true, expected, actual: 'none', cause, hint, rank: RANKS.scope }];
  }
  if (values.length > 1) {
    const cause = `The request has ${values.length} headers ${header}.`;
    return [{ check, ok: false, expected: 'one', actual: `${values.length} of them`, cause, rank: RANKS.form }];
  }
  const variable = variableIn(request, header.toLowerCase());
  if (variable) return [variable];
  const place = { wanted: 'elevated', prefix: `${check}: `, scopes, asSent: true } as const;
  const { findings, jws } = await tokenFindings(value, world, place);
  return [...findings, ...(jws && access ? pairFindings(jws, access) : [])];
}

/** Both tokens must be of one user, and of one session where both say so. */
function pairFindings(elevated: Jws, access: Jws): Finding[] {
  return (['sub', 'sid', 'environment_id'] as const).flatMap((name): Finding[] => {
    const [one, other] = [elevated.claims[name], access.claims[name]];
    if (one === undefined || other === undefined) return [];
    const words = { sub: 'user', sid: 'session', environment_id: 'environment' }[name];
    return [
      {
        check: `pair: ${name}`,
        ok: one === other,
        expected: `${shown(other)}, as in the access token`,
        actual: shown(one),
        cause: `The elevated token is of another ${words} than the access token.`,
        hint: 'Step up again with the session that is open now.',
        rank: RANKS.binding,
      },
    ];
  });
}
