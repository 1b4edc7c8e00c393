/** In which ways a scope can be proved, here and now: what the user has, and whose keys are at hand. */
import { RefusedError, UsageError } from '../../errors.js';
import type { Keyring } from '../keyring.js';
import { parseAnswer } from '../parse.js';
import type { Method, RequestOptions } from '../provider.js';
import type { DynamicTarget } from '../target.js';
import { refusalError } from './errors.js';
import type { Session, StepKey, StoredCredential } from './record.js';
import type { Keeper } from './session.js';
import { methodsSchema, type WireMethods } from './wire.js';

/** One way to prove it. `using` is the id of the credential or device, or a passkey's WebAuthn credential id. */
export interface Way {
  key: StepKey;
  using?: string | undefined;
  /** What a person calls it. */
  label: string;
}

/** A way that the user has and this terminal has not, with the reason. */
interface Obstacle {
  /** As `using` of a way. */
  using?: string | undefined;
  label: string;
  why: string;
}

interface Found {
  ways: Way[];
  obstacles: Obstacle[];
}

export interface Ways {
  /**
   * The ways that the options leave, the preferred one first; at least one. Throws RefusedError NO_METHOD and METHOD_REFUSED, UsageError
   * CREDENTIAL_UNKNOWN.
   */
  find(session: Session, options: Pick<RequestOptions, 'method' | 'using'>): Promise<Way[]>;
  /** The user's methods of MFA, as the service lists them. */
  methods(): Promise<WireMethods>;
}

const METHOD_KEYS: Record<Exclude<Method, 'mfa' | 'reauth'>, StepKey> = {
  email: 'verify_email',
  sms: 'verify_sms',
  wallet: 'verify_wallet',
  passkey: 'verify_passkey',
  totp: 'verify_totp',
  recovery: 'verify_recovery',
};

const FACTORS: ReadonlySet<Method> = new Set(['mfa', 'passkey', 'totp', 'recovery']);

const RECOVERY: Way = { key: 'verify_recovery', label: 'recovery code' };

/** The flags that name one of several; `--credential` names any. */
const FLAGS: Partial<Record<Method, string>> = { wallet: '--wallet', totp: '--device' };

/** Binds what is needed to know the ways. */
export function createWays(keeper: Keeper, keyring: Keyring, target: DynamicTarget): Ways {
  async function methods(): Promise<WireMethods> {
    const answer = await keeper.call({ method: 'GET', path: '/users/mfa/methods?verifiedOnly=true' });
    if (answer.refusal) throw refusalError(answer.refusal);
    return parseAnswer(methodsSchema, answer.json, '/users/mfa/methods');
  }

  async function mfa(list: WireMethods): Promise<Found> {
    const rpId = new URL(target.origin).hostname;
    const kept = await keyring.passkeys();
    const held = kept.filter((passkey) => passkey.rpId === rpId);
    const devices = list.devices.filter(({ type, verified }) => type === 'totp' && verified !== false);
    const usable = list.passkeys.filter(({ credentialId }) => held.some((each) => each.credentialId === credentialId));
    const all = [
      ...devices.map((device) => ({ ...device, key: 'verify_totp' as const, what: 'authenticator app' })),
      ...usable.map((passkey) => ({
        ...passkey,
        id: passkey.credentialId,
        key: 'verify_passkey' as const,
        what: 'passkey',
      })),
    ].sort((a, b) => Number(b.default ?? false) - Number(a.default ?? false) || newer(a, b));
    const ways: Way[] = all.map(({ id, key, what, alias }) => ({
      key,
      using: id,
      label: alias ? `${what}: ${alias}` : what,
    }));
    const why = (credentialId: string): string => {
      const elsewhere = kept.find((each) => each.credentialId === credentialId);
      return elsewhere ? `it is for ${elsewhere.rpId}, and the origin is of ${rpId}` : 'its key is not in this store';
    };
    return {
      // A recovery code is the last resort of somebody who has factors.
      ways: ways.length > 1 ? [...ways, RECOVERY] : ways,
      obstacles: list.passkeys
        .filter((passkey) => !usable.includes(passkey))
        .map(({ alias, credentialId }) => ({
          using: credentialId,
          label: `passkey ${alias ?? ''}`.trim(),
          why: why(credentialId),
        })),
    };
  }

  async function reauth({ credentials, signInCredentialId }: Session): Promise<Found> {
    const found: Found = { ways: [], obstacles: [] };
    const first = (one: StoredCredential): number => Number(one.id === signInCredentialId);
    for (const credential of credentials.toSorted((a, b) => first(b) - first(a))) {
      const way = await wayOf(credential);
      if ('key' in way) found.ways.push(way);
      else found.obstacles.push(way);
    }
    return found;
  }

  async function wayOf(credential: StoredCredential): Promise<Way | Obstacle> {
    const { id, format, label = format, signInEnabled, embedded, address } = credential;
    if (format === 'externalUser') return { label, why: 'it is your backend’s; use --assertion' };
    if (!signInEnabled) return { label, why: 'it is not enabled for sign-in' };
    if (format === 'email') return { key: 'verify_email', using: id, label: `code by email to ${label}` };
    if (format === 'phoneNumber') return { key: 'verify_sms', using: id, label: `code by SMS to ${label}` };
    if (format !== 'blockchain' || address === undefined) return { label, why: 'it cannot be done in a terminal' };
    if (embedded) return { label, why: 'it is an embedded wallet, whose signature proves nothing about the person' };
    const { sameAddress } = await import('../../authenticator/wallet.js');
    const mine = [...(await keyring.wallets())].find(([, wallet]) => sameAddress(wallet.address, address));
    if (!mine) return { label, why: 'its key is not in this store (stepup wallet import)' };
    return { key: 'verify_wallet', using: id, label: `wallet ${mine[0]} (${address})` };
  }

  async function find(session: Session, { method, using }: Pick<RequestOptions, 'method' | 'using'>): Promise<Way[]> {
    const byFactor = method !== undefined && FACTORS.has(method);
    const list = method === undefined || byFactor ? await methods() : undefined;
    const hasMfa = list?.userHasVerifiedMfaMethods === true && list.devices.length + list.passkeys.length > 0;
    if (byFactor && !hasMfa && using === undefined) throw notEnrolled();
    if (method === 'recovery') return [RECOVERY];
    const found = list && (hasMfa || byFactor) ? await mfa(list) : await reauth(session);
    const key = method === undefined || method === 'mfa' || method === 'reauth' ? undefined : METHOD_KEYS[method];
    const fitting = found.ways.filter((way) => key === undefined || way.key === key);
    if (using !== undefined) {
      const passkey = list?.passkeys.find(({ id }) => id === using);
      const named = passkey?.credentialId ?? using;
      const obstacle = found.obstacles.find((each) => each.using === named);
      if (passkey && obstacle) throw unusable(obstacle);
      return [await chosen(session, fitting, named, method)];
    }
    // As a browser does: one passkey is as good as the other.
    if (method === 'passkey' && fitting[0]) return [fitting[0]];
    if (fitting.length > 0) return fitting;
    throw noMethod(method, found.obstacles);
  }

  /** The one that was named: by its id, a wallet also by its name in the store or its address. */
  async function chosen(session: Session, ways: Way[], using: string, method: Method | undefined): Promise<Way> {
    const { sameAddress } = await import('../../authenticator/wallet.js');
    const address = (await keyring.wallets()).get(using)?.address ?? using;
    const credential = session.credentials.find(
      (each) => each.id === using || (each.address !== undefined && sameAddress(each.address, address)),
    );
    const id = credential?.id ?? using;
    const way = ways.find((each) => (each.using ?? each.key.replace('verify_', '')) === id);
    if (way) return way;
    if (credential) {
      const obstacle = await wayOf(credential);
      const why = 'why' in obstacle ? obstacle.why : 'the user’s MFA goes before it, or it is of another method';
      throw unusable({ label: credential.label ?? using, why });
    }
    if (address !== using) {
      throw new RefusedError('METHOD_REFUSED', `The wallet "${using}" is not one of this user’s.`, {
        hint: `Link it with: stepup wallet link ${using}`,
      });
    }
    throw new UsageError('CREDENTIAL_UNKNOWN', `The user has no "${using}" to step up with.`, {
      field: (method && FLAGS[method]) ?? '--credential',
      hint: 'See what there is with: stepup credential list, stepup mfa list',
    });
  }

  return { find, methods };
}

function newer(a: { createdAt?: string | undefined | null }, b: { createdAt?: string | undefined | null }): number {
  return Date.parse(b.createdAt ?? '') - Date.parse(a.createdAt ?? '') || 0;
}

/** RefusedError METHOD_REFUSED: the user has it, and it does not do here. */
function unusable({ label, why }: Obstacle): RefusedError {
  return new RefusedError('METHOD_REFUSED', `${label} cannot be used to step up: ${why}.`, {
    hint: 'See what can be used with: stepup credential list, stepup mfa list',
  });
}

/** RefusedError NO_METHOD: the user has no MFA. */
function notEnrolled(): RefusedError {
  return new RefusedError('NO_METHOD', 'The user has no MFA method.', {
    field: '--method',
    hint: 'Enrol one with: stepup mfa add',
  });
}

function noMethod(method: Method | undefined, obstacles: Obstacle[]): RefusedError {
  const what = method === undefined || method === 'reauth' || method === 'mfa' ? '' : ` by ${method}`;
  const why = obstacles.map(({ label, why: reason }) => `${label}: ${reason}`).join('; ');
  return new RefusedError(
    'NO_METHOD',
    `There is no way to prove it${what} here${why === '' ? '' : `. ${why}`}.`.replace(/\.\.$/, '.'),
    { field: method && '--method', hint: 'See what the user has with: stepup credential list, stepup mfa list' },
  );
}
