/** Tokens of the developer's own backend: they sign its users in, and elevate them. */
import * as v from 'valibot';
import { age, seeOnce } from '../tenant-place.js';
import { parseJws } from '../jws.js';
import { DynamicError } from './errors.js';
import { settingsOf, type Place } from './parts.js';
import { offBy, shown } from '../shown.js';
import { MAX_TOKEN } from './tokens.js';

const Instant = v.pipe(v.number(), v.finite());
const Assertion = v.object({
  sub: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
  exp: Instant,
  nbf: v.optional(Instant),
  iss: v.optional(v.string()),
  aud: v.optional(v.union([v.string(), v.array(v.string())])),
  scope: v.optional(v.string()),
  jti: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(256))),
});
export type Assertion = v.InferOutput<typeof Assertion>;

/** The verified claims. Throws DynamicError `invalid_external_auth`. */
export async function verifyAssertion(place: Place, token: string): Promise<Assertion> {
  const { externalAuth } = await settingsOf(place);
  if (!externalAuth) throw refuse('environment: expected external authentication to be on, got off');
  const jws = parseJws(token, MAX_TOKEN);
  if (!jws) throw refuse('jwt: expected a compact JWS, got something else');
  const verdict = await place.keySets.verify(place.tenant.id, externalAuth.jwksUrl, jws, age(place));
  if (verdict !== true) throw refuse(verdict);
  const parsed = v.safeParse(Assertion, jws.payload, { abortEarly: true });
  if (!parsed.success) throw refuse(`${v.getDotPath(parsed.issues[0]) ?? 'claims'}: expected its form, got another`);
  const { output: claims } = parsed;
  const now = place.services.clock.now() / 1000;
  if (now >= claims.exp) throw refuse(`exp: expected one to come, got one ${offBy(claims.exp - now)}`);
  if (claims.nbf !== undefined && now < claims.nbf)
    throw refuse(`nbf: expected one in the past, got one ${offBy(claims.nbf - now)}`);
  const { iss, aud } = externalAuth;
  if (iss !== undefined && claims.iss !== iss) throw refuse(`iss: expected ${iss}, got ${shown(claims.iss)}`);
  if (aud !== undefined && ![claims.aud].flat().includes(aud))
    throw refuse(`aud: expected ${aud}, got ${shown([claims.aud].flat().join(' ') || undefined)}`);
  return claims;
}

/** Uses an assertion's `jti` up. Throws DynamicError `invalid_external_auth` for one that has none or was used before. */
export async function spendAssertion(place: Place, { jti, exp }: Assertion): Promise<void> {
  if (jti === undefined) throw refuse('jti: expected one, got none');
  if (!(await seeOnce(place, 'dynamic-assertion', jti, exp * 1000)))
    throw refuse('jti: expected a new one, got one that was used');
}

function refuse(words: string): DynamicError {
  return new DynamicError('invalid_external_auth', `assertion: ${words}`);
}
