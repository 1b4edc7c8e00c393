/** A wallet's signed message (EIP-4361), and the call that carries it. */
import type { Wallet } from '../../authenticator/wallet.js';
import type { DynamicTarget } from '../target.js';

/** Dynamic: the chain of EIP-4361 messages, and the network that the wallet says it is on (Ethereum). */
const CHAIN = 'EVM';
const NETWORK = '1';

const STATEMENT = 'This signature shows that the wallet is yours. It moves nothing and costs nothing.';

/** Signs in the name of the app, and answers with the body of `wallets/…` and `verify/link`. `now` is in milliseconds. */
export async function signedBody(
  wallet: Wallet,
  { nonce, now, target }: { nonce: string; now: number; target: DynamicTarget },
): Promise<Record<string, unknown>> {
  const { signInMessage, signMessage } = await import('../../authenticator/wallet.js');
  const messageToSign = signInMessage({
    domain: new URL(target.origin).host,
    address: wallet.address,
    uri: new URL(target.origin).href,
    chainId: Number(NETWORK),
    nonce,
    issuedAt: new Date(now).toISOString(),
    requestId: target.environmentId,
    statement: STATEMENT,
  });
  return {
    signedMessage: await signMessage(wallet, messageToSign),
    messageToSign,
    publicWalletAddress: wallet.address,
    chain: CHAIN,
    // Dynamic: the wallet's name without other characters, and the chain behind it.
    walletName: 'stepupevm',
    walletProvider: 'browserExtension',
    network: NETWORK,
    additionalWalletAddresses: [],
  };
}
