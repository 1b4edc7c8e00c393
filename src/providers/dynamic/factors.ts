/** The user's factors: authenticator apps, passkeys, recovery codes. */
import { UsageError } from '../../errors.js';
import { malformed } from '../../http/failures.js';
import type { TotpSecret } from '../../authenticator/totp.js';
import { parseAnswer } from '../parse.js';
import type { Elevation } from './elevation.js';
import { refusalError } from './errors.js';
import type { ProofTools } from './proofs.js';
import type { DynamicProvider, MfaMethod, TotpEnrolment } from './provider.js';
import type { Records } from './record.js';
import { serviceNow, type TotpClock } from './totp.js';
import { methodsSchema, recoverySchema, totpSchema } from './wire.js';

export interface FactorOptions extends ProofTools {
  records: Records;
  elevation: Elevation;
  clock: TotpClock;
  randomBytes(size: number): Uint8Array;
  ownerOf(userId: string): string;
}

type Factors = Pick<
  DynamicProvider,
  'mfaMethods' | 'recoveryCodes' | 'enrolTotp' | 'confirmTotp' | 'makeDefaultMfa' | 'removeMfa' | 'addPasskey'
>;

/** Binds the calls about factors. */
export function createFactors(options: FactorOptions): Factors {
  const { keeper, keyring, elevation, target, records } = options;

  async function mfaMethods(): Promise<MfaMethod[]> {
    const answer = await keeper.call({ method: 'GET', path: '/users/mfa/methods' });
    if (answer.refusal) throw refusalError(answer.refusal);
    const { devices, passkeys } = parseAnswer(methodsSchema, answer.json, '/users/mfa/methods');
    const { userId } = await records.session();
    const secrets = await keyring.totpOf(options.ownerOf(userId));
    const held = (await keyring.passkeys()).map(({ credentialId }) => credentialId);
    return [
      ...devices.map((device) => ({
        id: device.id,
        type: device.type ?? 'totp',
        name: device.alias ?? undefined,
        verified: device.verified ?? false,
        default: device.default ?? false,
        createdAt: device.createdAt ?? undefined,
        keptHere: secrets.has(device.id),
      })),
      ...passkeys.map(({ id, credentialId, alias, createdAt, default: isDefault }) => ({
        id,
        type: 'passkey',
        name: alias ?? undefined,
        verified: true,
        default: isDefault ?? false,
        createdAt: createdAt ?? undefined,
        keptHere: held.includes(credentialId),
        credentialId,
      })),
    ];
  }

  async function find(id: string): Promise<MfaMethod | undefined> {
    return (await mfaMethods()).find((method) => method.id === id || method.credentialId === id);
  }

  async function one(id: string): Promise<MfaMethod> {
    const found = await find(id);
    if (found) return found;
    throw new UsageError('CREDENTIAL_UNKNOWN', `The user has no MFA method "${id}".`, {
      field: 'id',
      hint: 'See them with: stepup mfa list',
    });
  }

  return {
    mfaMethods,
    async recoveryCodes({ fresh }) {
      const answer = await keeper.call({ method: fresh ? 'POST' : 'GET', path: '/users/mfa/recovery', spends: fresh });
      if (answer.refusal) throw refusalError(answer.refusal);
      return parseAnswer(recoverySchema, answer.json, '/users/mfa/recovery').recoveryCodes;
    },
    async enrolTotp() {
      const answer = await elevation.gated('credential:link', { method: 'GET', path: '/users/mfa/register/totp' });
      const enrolment = parseAnswer(totpSchema, answer.json, '/users/mfa/register/totp');
      await secretOf(enrolment);
      return enrolment;
    },
    async confirmTotp(enrolment, given) {
      const { codeOf, stepAt } = await import('../../authenticator/totp.js');
      const secret = await secretOf(enrolment);
      const step = stepAt(secret, serviceNow(options.clock));
      const session = await keeper.session();
      const answer = await keeper.call({
        method: 'POST',
        path: '/users/mfa/auth/totp',
        json: { code: given ?? codeOf(secret, step), id: enrolment.id },
        spends: true,
      });
      if (answer.refusal) throw refusalError(answer.refusal);
      await keyring.saveTotp(enrolment.id, { ...secret, owner: options.ownerOf(session.userId), usedStep: step });
      await keeper.keep(session, answer);
      const device = { id: enrolment.id, type: 'totp', verified: true, default: false, keptHere: true };
      return (await find(enrolment.id)) ?? device;
    },
    async makeDefaultMfa(id) {
      const method = await one(id);
      const answer = await keeper.call({ method: 'PUT', path: `/users/mfa/${encodeURIComponent(method.id)}` });
      if (answer.refusal) throw refusalError(answer.refusal);
      return one(method.id);
    },
    async removeMfa(id) {
      const method = await one(id);
      if (method.credentialId !== undefined) {
        const json = { passkeyId: method.id };
        await elevation.gated('credential:unlink', { method: 'DELETE', path: '/users/passkeys', json });
        await keyring.removePasskey(method.credentialId);
      } else {
        const path = `/users/mfa/${encodeURIComponent(method.id)}`;
        // Dynamic: the older proof's header is always there, empty beside an elevated token.
        await elevation.gated('credential:unlink', { method: 'DELETE', path, headers: { 'x-mfa-auth-token': '' } });
        await keyring.removeTotp(method.id);
      }
      return method;
    },
    async addPasskey() {
      const { createPasskey, creationOptionsSchema } = await import('../../authenticator/passkey.js');
      const session = await keeper.session();
      const asked = await keeper.call({ method: 'GET', path: '/users/passkeys/register' });
      if (asked.refusal) throw refusalError(asked.refusal);
      const wanted = parseAnswer(creationOptionsSchema, asked.json, '/users/passkeys/register');
      const made = await createPasskey(wanted, {
        origin: target.origin,
        held: await keyring.passkeys(),
        randomBytes: options.randomBytes,
        now: options.now,
      });
      const { clientDataJSON, ...response } = made.response.response;
      // Dynamic: this call alone spells it so.
      const json = { ...made.response, response: { ...response, clientDataJson: clientDataJSON } };
      const answer = await elevation.gated('credential:link', {
        method: 'POST',
        path: '/users/passkeys/register',
        json,
      });
      await keyring.addPasskey(made.passkey);
      await keeper.keep(session, answer);
      const { credentialId, createdAt } = made.passkey;
      const added = { id: credentialId, type: 'passkey', verified: true, default: false, createdAt, keptHere: true };
      return (await find(credentialId)) ?? { ...added, credentialId };
    },
  };
}

/** The secret, with what its address says of it. Throws UnreachableError ANSWER_MALFORMED when the two do not fit. */
async function secretOf({ secret, uri }: TotpEnrolment): Promise<TotpSecret> {
  const { parseTotpUri, totpSecret } = await import('../../authenticator/totp.js');
  try {
    const named = parseTotpUri(uri);
    if (named.secret === totpSecret(secret).secret) {
      const { algorithm, digits, period } = named;
      return { secret: named.secret, algorithm, digits, period };
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
  throw malformed('The service sent a secret for an authenticator app that cannot be used.');
}
