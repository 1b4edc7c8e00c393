/** One-time codes by email and SMS: to sign in, to step up, to link an address. */
import { Hono, type Context } from 'hono';
import { updateResponse, verifyResponse } from '../answers.js';
import { readBody } from '../body.js';
import { requireCaptcha } from '../captcha.js';
import { gated, issueElevated } from '../elevation.js';
import { DynamicError, type Env } from '../errors.js';
import { placeOf, type Parts, type Place } from '../parts.js';
import { hasMfa } from '../rules.js';
import { findBearer, noteVerified, requireBearer, type Bearer } from '../sessions.js';
import { signIn } from '../sign-in.js';
import { reauthenticate } from '../step-up.js';
import { credentialOf, linkCredential } from '../users.js';
import {
  findPending,
  resend,
  spendCode,
  startVerification,
  type Channel,
  type Contact,
  type Pending,
  type Purpose,
} from '../verifications.js';
import { CodeBody, CodeSignInBody, EmailBody, PhoneBody, RetryBody } from '../wire.js';

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@.]+$/;
/** E.164: digits of a number with its country code. */
const MAX_DIGITS = 15;

/** `emailVerifications/…`, `smsVerifications/…`: `create`, `retry`, `signin`, `verify`. */
export function codeRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();
  for (const channel of ['email', 'sms'] as const) {
    const path = `${channel}Verifications` as const;

    routes.post(`/${path}/create`, async (c) => {
      const place = placeOf(c, parts);
      const { contact, captchaToken } = await readContact(c, channel);
      await requireCaptcha(place, captchaToken);
      const id = await startVerification(place, contact, await purposeOf(c, place, contact));
      return c.json(show(id, contact));
    });

    routes.post(`/${path}/retry`, async (c) => {
      const place = placeOf(c, parts);
      const { verificationUUID, captchaToken } = await readBody(c, RetryBody);
      await requireCaptcha(place, captchaToken);
      const pending = await findPending(place, channel, verificationUUID);
      await resend(place, pending, await purposeOf(c, place, pending.contact));
      return c.json(show(verificationUUID, pending.contact));
    });

    routes.post(`/${path}/signin`, async (c) => {
      const place = placeOf(c, parts);
      const body = await readBody(c, CodeSignInBody);
      const pending = await findPending(place, channel, body.verificationUUID);
      const bearer = await signIn(c, place, {
        identity: pending.contact,
        sessionPublicKey: body.sessionPublicKey,
        prove: () => spendCode(place, pending, body.verificationToken),
      });
      // Dynamic: a first factor can then be enrolled without a second prompt.
      const early = body.allowNewMFALinking && !hasMfa(bearer.user);
      const elevatedAccessToken = early ? await issueElevated(place, bearer, ['credential:link']) : undefined;
      return c.json(await verifyResponse(c, place, bearer, { elevatedAccessToken }));
    });

    routes.post(`/${path}/verify`, async (c) => {
      const place = placeOf(c, parts);
      const bearer = await requireBearer(c, place);
      const { verificationUUID, verificationToken, ...wish } = await readBody(c, CodeBody);
      const pending = await findPending(place, channel, verificationUUID);
      if (wish.requestedScopes === undefined) {
        const gate = { path: `${path}/verify`, scope: 'credential:link' } as const;
        const linked = await gated(c, place, bearer, gate, () => link(place, bearer, pending, verificationToken));
        return c.json(await updateResponse(c, place, linked));
      }
      const proved = await reauthenticateByCode(place, bearer, pending, { code: verificationToken, wish });
      return c.json(await updateResponse(c, place, proved.bearer, proved.earned));
    });
  }

  // Email as a factor proves no more than email as a re-authentication, so the same refusals hold.
  routes.post('/users/mfa/auth/email', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const { verificationUUID, verificationToken, ...wish } = await readBody(c, CodeBody);
    const pending = await findPending(place, 'email', verificationUUID);
    const proved = await reauthenticateByCode(place, bearer, pending, { code: verificationToken, wish });
    return c.json(await verifyResponse(c, place, proved.bearer, proved.earned));
  });

  return routes;
}

function reauthenticateByCode(
  place: Place,
  bearer: Bearer,
  pending: Pending,
  { code, wish }: { code: string; wish: Parameters<typeof reauthenticate>[2]['wish'] },
): ReturnType<typeof reauthenticate> {
  return reauthenticate(place, bearer, {
    identity: pending.contact,
    wish,
    unknown: `invalid_${pending.channel}_verification`,
    prove: () => spendCode(place, pending, code),
  });
}

/** Links the address to the bearer's user; one that is linked already is only verified again. */
async function link(place: Place, bearer: Bearer, pending: Pending, code: string): Promise<Bearer> {
  await spendCode(place, pending, code);
  const linked = await linkCredential(place, bearer.user.id, pending.contact);
  if (!linked) throw new DynamicError('merge_accounts_invalid', "address: expected nobody else's, got another user's");
  const { user, credential } = linked;
  return { user, session: await noteVerified(place, bearer.session, credential.id) };
}

async function readContact(
  c: Context<Env>,
  channel: Channel,
): Promise<{ contact: Contact; captchaToken?: string | null | undefined }> {
  if (channel === 'email') {
    const { email, captchaToken } = await readBody(c, EmailBody);
    if (!ADDRESS.test(email)) throw new DynamicError('invalid_email', 'email: expected an address, got something else');
    return { contact: { format: 'email', email }, captchaToken };
  }
  const { captchaToken, ...number } = await readBody(c, PhoneBody);
  if (number.phoneCountryCode.length + number.phoneNumber.length > MAX_DIGITS) {
    throw new DynamicError('invalid_phone', `phoneNumber: expected at most ${MAX_DIGITS} digits in all, got more`);
  }
  return { contact: { format: 'phoneNumber', ...number }, captchaToken };
}

/** Only the bearer tells what a code is for; the call does not. */
async function purposeOf(c: Context<Env>, place: Place, contact: Contact): Promise<Purpose> {
  const bearer = await findBearer(c, place);
  if (typeof bearer === 'string') return 'login';
  return credentialOf(bearer.user, contact) ? 'step-up' : 'register';
}

function show(verificationUUID: string, contact: Contact): Record<string, string> {
  const { format: _, ...address } = contact;
  return { verificationUUID, ...address };
}
