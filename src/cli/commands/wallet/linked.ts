/** Wallets as the store and the service know them together. */
import type { Credential } from '../../../providers/dynamic/provider.js';
import { sameAddress, type Wallet } from '../../../authenticator/wallet.js';

export interface OwnWallet {
  /** Its name in the store; absent where its key is not here. */
  name?: string | undefined;
  address: string;
  keptHere: boolean;
  /** Whether it is one of the user's credentials; null where that is not known. */
  linked: boolean | null;
  /** A wallet that the service keeps. */
  embedded: boolean;
  /** Whether the user can step up with it here; null where that is not known. */
  usable: boolean | null;
  /** Why not, where it is known. */
  problem?: string | undefined;
  credentialId?: string | undefined;
}

/** The store's wallets with what is known of them, and the user's others. `credentials` is undefined where nobody could be asked. */
export function ownWallets(kept: Map<string, Wallet>, credentials: Credential[] | undefined): OwnWallet[] {
  const linked = walletsAmong(credentials ?? []);
  const here = [...kept].map(([name, { address }]): OwnWallet => {
    if (credentials === undefined) {
      return { name, address, keptHere: true, linked: null, embedded: false, usable: null };
    }
    const credential = linked.find(({ label = '' }) => sameAddress(label, address));
    if (!credential) {
      return { name, address, keptHere: true, linked: false, embedded: false, usable: false, problem: 'not linked' };
    }
    return { name, address, keptHere: true, linked: true, ...judged(credential, true) };
  });
  const elsewhere = linked
    .filter(({ label = '' }) => !here.some(({ address }) => sameAddress(label, address)))
    .map((credential): OwnWallet => {
      return { address: credential.label ?? '', keptHere: false, linked: true, ...judged(credential, false) };
    });
  return [...here, ...elsewhere];
}

/** The user's credentials that are wallets. */
function walletsAmong(credentials: Credential[]): Credential[] {
  return credentials.filter(({ format }) => format === 'blockchain');
}

/** The linked wallet that a name of the store, an address or a credential id means. */
export function findLinked(credentials: Credential[], which: string): Credential | undefined {
  return walletsAmong(credentials).find(
    ({ id, wallet, label = '' }) => id === which || wallet === which || sameAddress(label, which),
  );
}

function judged(
  { id, embedded, signInEnabled }: Credential,
  keptHere: boolean,
): Pick<OwnWallet, 'credentialId' | 'embedded' | 'usable' | 'problem'> {
  const problem = embedded
    ? 'embedded: it cannot step up'
    : !signInEnabled
      ? 'not enabled for sign-in'
      : keptHere
        ? undefined
        : 'its key is not here';
  return { credentialId: id, embedded, usable: problem === undefined, problem };
}
