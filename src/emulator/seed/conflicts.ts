/** What is wrong with a seed beyond the form of its fields. */
import * as v from 'valibot';
import { OAuthConfigBody } from '../prelude/oauth-config.js';
import { PasskeyConfigBody } from '../prelude/passkey-config.js';
import { PasswordConfigBody, passwordFault } from '../prelude/password-config.js';
import { StepUpDocument } from '../prelude/step-up-config.js';
import { canonicalIdentity } from '../scenarios.js';
import type { SeedFile, SeedScenario, SeedTenant } from './document.js';
import type { DynamicSeedUser, PreludeSeedUser } from './user.js';

export interface Fault {
  path: (string | number)[];
  /** What would be right, as a phrase. */
  expected: string;
  /** What is there; never a secret. */
  got: string;
}

type Path = Fault['path'];

/** All of them, in the order of the file. */
export function conflictsOf({ $schema: _schema, tenants = [], ...first }: SeedFile): Fault[] {
  const ids = ['default', ...tenants.map(({ id }) => id)];
  return [
    ...tenantConflicts(first, []),
    ...tenants.flatMap((tenant, at) => [
      ...(ids.indexOf(tenant.id) < at + 1 ? [twice(['tenants', at, 'id'], 'an id of its own')] : []),
      ...tenantConflicts(tenant, ['tenants', at]),
    ]),
  ];
}

function tenantConflicts({ prelude = {}, dynamic = {}, identities = [] }: SeedTenant, path: Path): Fault[] {
  const { users = [], ...config } = prelude;
  return [
    ...configConflicts(config, [...path, 'prelude']),
    ...repeated(config.scopes ?? [], [...path, 'prelude', 'scopes'], 'a scope once'),
    ...defaultsConflicts(config.login_otp ?? [], [...path, 'prelude', 'login_otp']),
    ...preludeUserConflicts(users, [...path, 'prelude', 'users'], config.login_password),
    ...dynamicUserConflicts(dynamic.users ?? [], [...path, 'dynamic', 'users']),
    ...identities.flatMap((one, at) => scenarioConflicts(one, [...path, 'identities', at])),
    ...repeated(
      identities.map(({ identity }) => canonicalIdentity(identity)),
      [...path, 'identities'],
      'an identity once',
      ['identity'],
    ),
  ];
}

type Config = Omit<NonNullable<SeedTenant['prelude']>, 'users'>;

/** What the emulated service itself would refuse. */
function configConflicts({ stepup, login_password, login_oauth = {}, passkey }: Config, path: Path): Fault[] {
  return [
    ...refusals(StepUpDocument, stepup, [...path, 'stepup']),
    ...refusals(PasswordConfigBody, login_password, [...path, 'login_password']),
    ...Object.entries(login_oauth).flatMap(([name, document]) =>
      refusals(OAuthConfigBody, document, [...path, 'login_oauth', name]),
    ),
    ...refusals(PasskeyConfigBody, passkey, [...path, 'passkey']),
  ];
}

function refusals(schema: v.GenericSchema, document: unknown, path: Path): Fault[] {
  if (document === undefined) return [];
  const { issues = [] } = v.safeParse(schema, document);
  return issues.map((issue) => ({
    path: [...path, ...(issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)))],
    expected: issue.message,
    got: 'something else',
  }));
}

function defaultsConflicts(logins: NonNullable<Config['login_otp']>, path: Path): Fault[] {
  return logins.flatMap(({ channel_type, is_default }, at) => {
    const first = logins.findIndex((other) => other.channel_type === channel_type && other.is_default);
    if (!is_default || first === at) return [];
    return [{ path: [...path, at, 'is_default'], expected: `one default of ${channel_type}`, got: 'a second one' }];
  });
}

function preludeUserConflicts(users: PreludeSeedUser[], path: Path, login: Config['login_password']): Fault[] {
  const { min_length = 8, ...rules } = login?.password_compliancy ?? {};
  const compliancy = { min_length, max_length: 0, uppercase: 0, lowercase: 0, numbers: 0, symbols: 0, ...rules };
  return [
    ...distinctUsers(users, path),
    ...users.flatMap(({ password }, at) => {
      const words = password === undefined ? undefined : passwordFault(compliancy, password);
      const [, expected = '', got = ''] = /expected (.*), got (.*)$/.exec(words ?? '') ?? [];
      return words === undefined ? [] : [{ path: [...path, at, 'password'], expected, got }];
    }),
  ];
}

function dynamicUserConflicts(users: DynamicSeedUser[], path: Path): Fault[] {
  return [
    ...distinctUsers(users, path),
    ...repeatedAmong(
      users.map(({ wallets = [] }) => wallets.map(({ address }) => canonicalIdentity(address))),
      (at, place) => [...path, at, 'wallets', place, 'address'],
      'a wallet of one user',
    ),
    ...users.flatMap(({ identifiers = [], wallets = [] }, at) =>
      identifiers.length + wallets.length > 0
        ? []
        : [{ path: [...path, at], expected: 'a user with at least one identifier or wallet', got: 'one without' }],
    ),
  ];
}

function distinctUsers(users: (PreludeSeedUser | DynamicSeedUser)[], path: Path): Fault[] {
  return [
    ...repeatedAmong(
      users.map(({ id }) => (id === undefined ? [] : [id])),
      (at) => [...path, at, 'id'],
      'an id of its own',
    ),
    ...repeatedAmong(
      users.map(({ identifiers = [] }) => identifiers.map(canonicalIdentity)),
      (at, place) => [...path, at, 'identifiers', place],
      'an identifier of one user',
    ),
    ...repeatedAmong(
      users.map(({ passkeys = [] }) => passkeys.map(({ credentialId }) => credentialId)),
      (at, place) => [...path, at, 'passkeys', place, 'credentialId'],
      'a passkey of one user',
    ),
  ];
}

function scenarioConflicts({ lateSeconds, suppressed, fault, ...rest }: SeedScenario, path: Path): Fault[] {
  const { identity: _identity, ...others } = rest;
  const says = [lateSeconds, suppressed, fault, ...Object.values(others)].some((value) => value !== undefined);
  return [
    ...(says ? [] : [{ path, expected: 'a code or a scenario for the identity', got: 'none' }]),
    ...(lateSeconds === undefined || suppressed === undefined
      ? []
      : [{ path: [...path, 'suppressed'], expected: 'a message that is late or one that never arrives', got: 'both' }]),
    ...(fault && (fault.status === undefined) === (fault.latencyMs === undefined)
      ? [{ path: [...path, 'fault'], expected: 'either status or latencyMs', got: fault.status ? 'both' : 'neither' }]
      : []),
  ];
}

function repeated(values: string[], path: Path, expected: string, inner: Path = []): Fault[] {
  return values.flatMap((value, at) => (values.indexOf(value) < at ? [twice([...path, at, ...inner], expected)] : []));
}

function repeatedAmong(lists: string[][], pathOf: (at: number, place: number) => Path, expected: string): Fault[] {
  const seen = new Set<string>();
  return lists.flatMap((values, at) =>
    values.flatMap((value, place) => {
      if (seen.has(value)) return [twice(pathOf(at, place), expected)];
      seen.add(value);
      return [];
    }),
  );
}

function twice(path: Path, expected: string): Fault {
  return { path, expected, got: 'it twice' };
}
