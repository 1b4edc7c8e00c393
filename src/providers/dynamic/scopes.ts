/** The scopes that an elevated token of Dynamic can have (its enumeration `TokenScope`), with what each lets somebody do. */

export interface KnownScope {
  scope: string;
  /** In our own words; where the service documents no more than the name, the name says it. */
  meaning: string;
  /** `core` scopes are for users of an app, `business` for business accounts, `console` for Dynamic's own dashboard. */
  family: 'core' | 'business' | 'console';
  /** Dynamic: tokens for `wallet:*` are for a single use by default. */
  singleUse: boolean;
  /** When the service demands it: always under enforcement, or where an action of the settings says so, or not documented. */
  demanded: 'always' | 'by an action' | 'not documented';
  /** The action of the settings that decides, for `by an action`. Dynamic documents that of `wallet:sign`; the others go by their names. */
  action?: string | undefined;
}

const ACTIONS: Record<string, string> = {
  'wallet:sign': 'wallet.waas.sign',
  'wallet:refresh': 'wallet.waas.refresh',
  'wallet:reshare': 'wallet.waas.reshare',
  'user:update': 'user.update',
};

const known = (
  family: KnownScope['family'],
  demanded: KnownScope['demanded'],
  scopes: Record<string, string>,
): KnownScope[] =>
  Object.entries(scopes).map(([scope, meaning]) => {
    return { scope, meaning, family, singleUse: scope.startsWith('wallet:'), demanded, action: ACTIONS[scope] };
  });

export const SCOPES: readonly KnownScope[] = [
  ...known('core', 'always', {
    'wallet:export': 'export the private key of a wallet',
    'credential:link': 'add a credential: wallet, email, phone, social account, passkey, authenticator app',
    'credential:unlink': 'remove a credential or a factor',
  }),
  ...known('core', 'by an action', {
    'wallet:sign': 'sign with an embedded wallet',
    'wallet:refresh': 'renew the key shares of a wallet',
    'wallet:reshare': 'share the key of a wallet anew',
    'user:update': 'change the user’s profile',
  }),
  ...known('core', 'not documented', {
    'wallet:delegate': 'delegate access to a wallet',
    'wallet:delete': 'delete a wallet',
    'wallet:restore': 'restore the key shares of a wallet',
    'credential:update': 'change a credential',
    'user:delete': 'delete the user’s own account',
  }),
  ...known('business', 'not documented', {
    'business_account:link_wallet': 'link a wallet to a business account',
    'business_account:wallet:create': 'make a wallet of a business account',
    'business_account:wallet:remove': 'remove a wallet of a business account',
    'business_account:member:add': 'add a member',
    'business_account:member:remove': 'remove a member',
    'business_account:member:role:update': 'change the role of a member',
    'business_account:role:define': 'define a role',
    'business_account:role:delete': 'delete a role',
    'business_account:signer:add': 'add a signer',
    'business_account:signer:remove': 'remove a signer',
    'business_account:transfer_ownership': 'hand a business account over',
    'business_account:governance:update': 'change how a business account is governed',
    'business_account:proposal:approve': 'approve a proposal',
    'business_account:proposal:veto': 'veto a proposal',
  }),
  ...known('console', 'not documented', {
    'console:admin_action:review': 'review an action of an administrator',
    'console:approval_workflow:update': 'change how approvals go',
    'console:member:invite': 'invite a member',
    'console:mfa:reset': 'reset the MFA of a member',
    'console:project:delete': 'delete a project',
    'console:settings:update': 'change settings',
    'console:sso:update': 'change single sign-on',
    'console:user:delete': 'delete a user',
  }),
];

/** Whether this release knows the scope; the service may have newer ones. */
export function isKnownScope(scope: string): boolean {
  return SCOPES.some((each) => each.scope === scope);
}
