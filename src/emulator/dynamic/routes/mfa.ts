/** MFA methods of a user: list, TOTP, recovery codes. */
import { Hono } from 'hono';
import { verifyResponse } from '../answers.js';
import { readBody } from '../body.js';
import { gated } from '../elevation.js';
import { DynamicError, type Env } from '../errors.js';
import { showPasskey } from '../passkeys.js';
import { placeOf, type Parts } from '../parts.js';
import { recoveryCodes, spendRecoveryCode } from '../recovery-codes.js';
import { hasMfa } from '../rules.js';
import { requireBearer } from '../sessions.js';
import { proveFactor } from '../step-up.js';
import { registerTotp, removeTotp, requireDevice, showDevice, spendTotp } from '../totp-devices.js';
import { amendUser, type User } from '../users.js';
import { DeviceBody, RecoveryBody, TotpBody, TotpConfirmBody } from '../wire.js';

/** `users/mfa`, `users/mfa/methods`, `users/mfa/{id}`, `users/mfa/register/totp`, `users/mfa/auth/{totp,recovery}`, `users/mfa/recovery`. */
export function mfaRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  routes.get('/users/mfa/methods', async (c) => {
    const { user } = await requireBearer(c, placeOf(c, parts));
    const devices = devicesOf(user, c.req.query('verifiedOnly') === 'true');
    return c.json({ devices, passkeys: user.passkeys.map(showPasskey), userHasVerifiedMfaMethods: hasMfa(user) });
  });

  routes.get('/users/mfa', async (c) => {
    const { user } = await requireBearer(c, placeOf(c, parts));
    const devices = devicesOf(user, false);
    return c.json({ count: devices.length, devices });
  });

  routes.get('/users/mfa/register/totp', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const gate = { path: 'users/mfa/register/totp', scope: 'credential:link' } as const;
    const { id, secret } = await gated(c, place, bearer, gate, () => registerTotp(place, bearer.user.id));
    const uri = `otpauth://totp/stepup%20emulator?secret=${secret}&issuer=stepup%20emulator&algorithm=SHA1&digits=6&period=30`;
    return c.json({ id, type: 'totp', secret, uri });
  });

  routes.post('/users/mfa/register/totp', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const { code } = await readBody(c, TotpConfirmBody);
    const { user, device } = await spendTotp(place, bearer.user.id, { code });
    return c.json(showDevice(user, device));
  });

  routes.post('/users/mfa/auth/totp', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const { code, id, ...wish } = await readBody(c, TotpBody);
    const proved = await proveFactor(place, bearer, wish, async () => {
      const { user, device } = await spendTotp(place, bearer.user.id, { code, id: id ?? undefined });
      return { user, factorId: device.id };
    });
    return c.json(await verifyResponse(c, place, proved.bearer, proved.earned));
  });

  routes.post('/users/mfa/auth/recovery', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const { code, ...wish } = await readBody(c, RecoveryBody);
    const proved = await proveFactor(place, bearer, wish, async () => ({
      user: await spendRecoveryCode(place, bearer.user, code),
    }));
    return c.json(await verifyResponse(c, place, proved.bearer, proved.earned));
  });

  for (const method of ['GET', 'POST'] as const) {
    routes.on(method, '/users/mfa/recovery', async (c) => {
      const place = placeOf(c, parts);
      const { user } = await requireBearer(c, place);
      const codes = await recoveryCodes(place, user.id, method === 'POST');
      return c.json({ count: codes.length, recoveryCodes: codes });
    });
  }

  routes.get('/users/mfa/:id', async (c) => {
    const { user } = await requireBearer(c, placeOf(c, parts));
    return c.json(showDevice(user, requireDevice(user, c.req.param('id'))));
  });

  routes.put('/users/mfa/:id', async (c) => {
    const place = placeOf(c, parts);
    const { user } = await requireBearer(c, place);
    const id = c.req.param('id');
    if ((await readBody(c, DeviceBody)).default === false) {
      const words = 'The emulator does not take the default away from a device; make another one the default';
      throw new DynamicError('not_emulated', 'default: expected true or nothing, got false', words);
    }
    await amendUser(place, user.id, (kept) => {
      const ids = [...(kept.totp ? [kept.totp.id] : []), ...kept.passkeys.map((passkey) => passkey.id)];
      if (ids.includes(id)) return { ...kept, defaultMfaId: id };
      throw new DynamicError('mfa_device_not_found', "device: expected one of the user's, got another");
    });
    return c.body(null, 204);
  });

  routes.delete('/users/mfa/:id', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const gate = { path: 'users/mfa/{mfaDeviceId}', scope: 'credential:unlink' } as const;
    await gated(c, place, bearer, gate, () => removeTotp(place, bearer.user.id, c.req.param('id')));
    return c.body(null, 204);
  });

  return routes;
}

function devicesOf(user: User, verifiedOnly: boolean): Record<string, unknown>[] {
  const { totp } = user;
  return totp === null || (verifiedOnly && totp.verifiedAt === null) ? [] : [showDevice(user, totp)];
}
