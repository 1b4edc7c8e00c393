/** External wallets of the user: linked and unlinked. */
import { UsageError } from '../../errors.js';
import { malformed } from '../../http/failures.js';
import { shownCredentials } from './credentials.js';
import type { Elevation } from './elevation.js';
import { refusalError } from './errors.js';
import { walletUnknown } from './login.js';
import type { ProofTools } from './proofs.js';
import type { Credential, DynamicProvider } from './provider.js';
import type { Records } from './record.js';
import { asUser } from './session.js';

export interface LinkOptions extends ProofTools {
  records: Records;
  elevation: Elevation;
}

/** Binds the calls about wallets. */
export function createLinkedWallets(options: LinkOptions): Pick<DynamicProvider, 'linkWallet' | 'unlinkWallet'> {
  const { keeper, keyring, records, elevation } = options;
  const shown = async (): Promise<Credential[]> => shownCredentials(await records.session(), keyring);

  return {
    async linkWallet(name) {
      const wallets = await keyring.wallets();
      const wallet = wallets.get(name);
      if (!wallet) throw walletUnknown(name, [...wallets.keys()]);
      const { handInSigned } = await import('./wallet.js');
      const session = await keeper.session();
      const scope = 'credential:link';
      const answer = await handInSigned(wallet, options, asUser(session), async (json) => {
        const attached = await elevation.attach(scope, { method: 'POST', path: '/verify/link', json });
        return attached.answer;
      });
      if (answer.refusal) throw refusalError(answer.refusal, { scopes: [scope], gated: true });
      await keeper.keep(session, answer);
      const linked = (await shown()).find((credential) => credential.wallet === name);
      if (linked) return linked;
      throw malformed('The service has linked the wallet, and does not list it.');
    },
    async unlinkWallet(which) {
      const { sameAddress } = await import('../../authenticator/wallet.js');
      const session = await keeper.session();
      const found = (await shown()).find(
        ({ id, format, wallet, label = '' }) =>
          format === 'blockchain' && (id === which || wallet === which || sameAddress(label, which)),
      );
      if (!found) {
        throw new UsageError('CREDENTIAL_UNKNOWN', `The user has no linked wallet "${which}".`, {
          field: 'wallet',
          hint: 'See them with: stepup wallet list',
        });
      }
      const json = { walletId: found.id };
      const answer = await elevation.gated('credential:unlink', { method: 'POST', path: '/verify/unlink', json });
      await keeper.keep(session, answer);
      return found;
    },
  };
}
