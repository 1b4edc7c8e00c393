/** What needs a step-up, who may prove it how, and what an elevated token is like. No HTTP, no storage, no clock. */
import type { DynamicAction, DynamicSettings } from '../services.js';
import { aliasOf, isEmbedded } from './credentials.js';
import type { User } from './users.js';

/** Dynamic: every scope that an elevated access token can have. */
const SCOPES: ReadonlySet<string> = new Set([
  'business_account:governance:update',
  'business_account:link_wallet',
  'business_account:member:add',
  'business_account:member:remove',
  'business_account:member:role:update',
  'business_account:proposal:approve',
  'business_account:proposal:veto',
  'business_account:role:define',
  'business_account:role:delete',
  'business_account:signer:add',
  'business_account:signer:remove',
  'business_account:transfer_ownership',
  'business_account:wallet:create',
  'business_account:wallet:remove',
  'console:admin_action:review',
  'console:approval_workflow:update',
  'console:member:invite',
  'console:mfa:reset',
  'console:project:delete',
  'console:settings:update',
  'console:sso:update',
  'console:user:delete',
  'credential:link',
  'credential:unlink',
  'credential:update',
  'user:delete',
  'user:update',
  'wallet:delegate',
  'wallet:delete',
  'wallet:export',
  'wallet:refresh',
  'wallet:reshare',
  'wallet:restore',
  'wallet:sign',
]);

const ALWAYS: ReadonlySet<string> = new Set(['credential:link', 'credential:unlink', 'wallet:export']);

/** Scopes whose behaviour an action of the environment's settings can change. */
const ACTIONS: ReadonlyMap<string, DynamicAction['action']> = new Map([
  ['wallet:sign', 'wallet.waas.sign'],
  ['wallet:export', 'wallet.waas.export'],
  ['wallet:reshare', 'wallet.waas.reshare'],
  ['wallet:refresh', 'wallet.waas.refresh'],
  ['user:update', 'user.update'],
]);

const SINGLE_USE_SECONDS = 300;
const TIME_BOUND_SECONDS = 600;

/** A way to step up, as `stepUp/check` lists it. */
export interface Option {
  id: string;
  format: string;
  type?: string;
  alias?: string;
}

export type Rules = Pick<DynamicSettings, 'minApiVersion' | 'actions'>;

/** True for a scope that the service has. */
export function isScope(scope: string): boolean {
  return SCOPES.has(scope);
}

/** Whether a scope needs an elevated token. */
export function isRequired(scope: string, { minApiVersion, actions }: Rules): boolean {
  if (minApiVersion < '2026_04_01') return false;
  if (ALWAYS.has(scope)) return true;
  const name = ACTIONS.get(scope);
  // Without an action of its own, a scope is taken for protected.
  return name === undefined || actions.some(({ action, required }) => action === name && required);
}

/** Whether a token with these scopes is for one use, and how many seconds it lives: the strictest of them decides. */
export function behaviourOf(scopes: readonly string[], { actions }: Rules): { singleUse: boolean; seconds: number } {
  const each = scopes.map((scope) => {
    const own = actions.find(({ action }) => action === ACTIONS.get(scope));
    const behaviour = own?.tokenBehavior ?? (scope.startsWith('wallet:') ? 'single_use' : 'time_bound');
    const singleUse = behaviour === 'single_use';
    return { singleUse, seconds: own?.tokenExpirySeconds ?? (singleUse ? SINGLE_USE_SECONDS : TIME_BOUND_SECONDS) };
  });
  return {
    singleUse: each.some(({ singleUse }) => singleUse),
    seconds: Math.min(...each.map(({ seconds }) => seconds)),
  };
}

/** True when the user has a verified MFA method; then re-authentication is refused. */
export function hasMfa({ totp, passkeys }: User): boolean {
  return passkeys.length > 0 || (totp !== null && totp.verifiedAt !== null);
}

/** The ways in which this user can step up, and which one to offer first. */
export function optionsFor(user: User, signinCredentialId: string): { credentials: Option[]; first?: string } {
  return hasMfa(user) ? mfaOptions(user) : reauthOptions(user, signinCredentialId);
}

function mfaOptions({ totp, passkeys, defaultMfaId }: User): { credentials: Option[]; first?: string } {
  const devices = [
    ...(totp && totp.verifiedAt !== null ? [{ ...totp, kind: 'totp' }] : []),
    ...passkeys.map((passkey) => ({ ...passkey, kind: 'passkey' })),
  ];
  const newest = devices.reduce((one, other) => (other.createdAt > one.createdAt ? other : one));
  return {
    credentials: devices.map(({ id, kind, alias }) => ({ id, format: kind, type: kind, alias })),
    first: devices.find(({ id }) => id === defaultMfaId)?.id ?? newest.id,
  };
}

function reauthOptions(user: User, signinCredentialId: string): { credentials: Option[]; first?: string } {
  const usable = user.credentials.filter(
    (credential) => credential.signInEnabled && credential.format !== 'externalUser' && !isEmbedded(credential),
  );
  const first = usable.find(({ id }) => id === signinCredentialId)?.id;
  return {
    credentials: usable.map((credential) => ({
      id: credential.id,
      format: credential.format,
      alias: aliasOf(credential),
    })),
    ...(first === undefined ? {} : { first }),
  };
}
