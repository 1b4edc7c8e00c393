/** External wallets: sign in, step up, link, unlink. */
import { Hono } from 'hono';
import { verifyResponse } from '../answers.js';
import { readBody } from '../body.js';
import { isEmbedded } from '../credentials.js';
import { gated } from '../elevation.js';
import { DynamicError, type Env } from '../errors.js';
import { placeOf, type Parts } from '../parts.js';
import { noteVerified, requireBearer } from '../sessions.js';
import { signIn } from '../sign-in.js';
import { reauthenticate } from '../step-up.js';
import { linkCredential, unlinkCredential, type User } from '../users.js';
import { verifyWallet, walletOf } from '../wallets.js';
import { UnlinkBody, WalletBody } from '../wire.js';

/** `wallets/signin`, `wallets/verify`, `verify`, `verify/link`, `verify/unlink`. */
export function walletRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  for (const path of ['/wallets/signin', '/verify']) {
    routes.post(path, async (c) => {
      const place = placeOf(c, parts);
      const body = await readBody(c, WalletBody);
      const bearer = await signIn(c, place, {
        identity: walletOf(body),
        sessionPublicKey: body.sessionPublicKey,
        prove: () => verifyWallet(c, place, body),
      });
      return c.json(await verifyResponse(c, place, bearer));
    });
  }

  routes.post('/wallets/verify', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const body = await readBody(c, WalletBody);
    const proved = await reauthenticate(place, bearer, {
      identity: walletOf(body),
      wish: { requestedScopes: body.requestedScopes },
      unknown: 'invalid_wallet_address',
      prove: () => verifyWallet(c, place, body),
    });
    return c.json(await verifyResponse(c, place, proved.bearer, proved.earned));
  });

  routes.post('/verify/link', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const body = await readBody(c, WalletBody);
    const wallet = walletOf(body);
    const gate = { path: 'verify/link', scope: 'credential:link' } as const;
    const { user, credential } = await gated(c, place, bearer, gate, async () => {
      await verifyWallet(c, place, body);
      const linked = await linkCredential(place, bearer.user.id, wallet);
      if (linked) return linked;
      throw new DynamicError('reassign_wallet_confirm', "wallet: expected nobody else's, got another user's");
    });
    const session = await noteVerified(place, bearer.session, credential.id);
    return c.json(await verifyResponse(c, place, { session, user }));
  });

  routes.post('/verify/unlink', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const { walletId, verifiedCredentialId, verifiedCrentialId } = await readBody(c, UnlinkBody);
    const id = verifiedCredentialId ?? verifiedCrentialId ?? walletId;
    if (!id)
      throw new DynamicError('invalid_unlink_request', 'body: expected walletId or verifiedCredentialId, got none');
    const gate = { path: 'verify/unlink', scope: 'credential:unlink' } as const;
    const user = await gated(c, place, bearer, gate, async () => {
      refuseEmbedded(bearer.user, [walletId, id]);
      return unlinkCredential(place, bearer.user.id, id);
    });
    return c.json(await verifyResponse(c, place, { session: bearer.session, user }));
  });

  return routes;
}

/** Dynamic: an embedded wallet is not unlinked by this call, and may not even be named in it. */
function refuseEmbedded({ credentials }: User, named: (string | null | undefined)[]): void {
  if (!credentials.some((credential) => isEmbedded(credential) && named.includes(credential.id))) return;
  throw new DynamicError('forbidden_unlink_request', 'credential: expected an external one, got an embedded wallet');
}
