/** The user's passkeys, as the service and the store know them together. */
import { SessionError } from '../../../errors.js';
import { createKeyring, type Keyring } from '../../../providers/keyring.js';
import type { MfaMethod } from '../../../providers/dynamic/provider.js';
import type { Context } from '../../context.js';

export interface OwnPasskey {
  /** The service's id; absent where only the store knows the passkey. */
  id?: string | undefined;
  /** WebAuthn credential id, base64url. */
  credentialId: string;
  name?: string | undefined;
  default: boolean;
  createdAt?: string | undefined;
  /** Whether its private key is in the store. */
  keptHere: boolean;
  /** The host that it is for, where its key is here. */
  rpId?: string | undefined;
  /** Whether it can be used at this origin, with a key that is here. */
  usable: boolean;
  /** The store has it and the service does not list it for this user. */
  onlyHere: boolean;
}

/** The keyring, and the host whose passkeys can be used here: that of the target's origin. */
async function keyringOf(context: Context): Promise<{ keyring: Keyring; rpId: string }> {
  const target = await context.target();
  if (target.provider !== 'dynamic') throw new TypeError('passkeys are of Dynamic alone');
  return { keyring: createKeyring(context.store), rpId: new URL(target.origin).hostname };
}

/** The passkeys at Prelude. `listed` is false where the service has no call that lists a user's: these are all of the store then. */
export async function preludePasskeys(context: Context): Promise<{ passkeys: OwnPasskey[]; listed: boolean }> {
  const provider = await context.prelude();
  if (!(await provider.session())) throw new SessionError('NOT_LOGGED_IN', 'Nobody is logged in.');
  const atService = await context.terminal.progress('Reading the passkeys', () => provider.passkeys());
  const kept = await createKeyring(context.store).passkeys();
  const listed = (atService ?? []).map(({ id, name, createdAt }): OwnPasskey => {
    const key = kept.find(({ credentialId }) => credentialId === id);
    const here = { keptHere: key !== undefined, rpId: key?.rpId, usable: key !== undefined, onlyHere: false };
    return { id, credentialId: id, name: name ?? key?.userName, default: false, createdAt, ...here };
  });
  const alone = kept
    .filter(({ credentialId }) => !listed.some(({ id }) => id === credentialId))
    .map(({ credentialId, rpId, userName: name, createdAt }): OwnPasskey => {
      const here = { keptHere: true, rpId, usable: atService === undefined, onlyHere: atService !== undefined };
      return { credentialId, name, default: false, createdAt, ...here };
    });
  return { passkeys: [...listed, ...alone], listed: atService !== undefined };
}

/** The passkeys that the service lists, and those of this origin that only the store has. */
export async function ownPasskeys(context: Context, methods: MfaMethod[]): Promise<OwnPasskey[]> {
  const { keyring, rpId } = await keyringOf(context);
  const kept = await keyring.passkeys();
  const listed = methods.flatMap((method): OwnPasskey[] => {
    const { id, type, name, createdAt, credentialId } = method;
    if (type !== 'passkey' || credentialId === undefined) return [];
    const key = kept.find((each) => each.credentialId === credentialId);
    const facts = { keptHere: key !== undefined, rpId: key?.rpId, usable: key?.rpId === rpId, onlyHere: false };
    return [{ id, credentialId, name, default: method.default, createdAt, ...facts }];
  });
  const alone = kept
    .filter((key) => key.rpId === rpId && !listed.some(({ credentialId }) => credentialId === key.credentialId))
    .map(({ credentialId }): OwnPasskey => {
      return { credentialId, default: false, keptHere: true, rpId, usable: false, onlyHere: true };
    });
  return [...listed, ...alone];
}
