/** A wallet's signed message (EIP-4361), and the call that carries it. */
import type { Wallet } from '../../authenticator/wallet.js';
import type { DynamicTarget } from '../target.js';
import type { Answer, Call } from './api.js';
import type { Nonces } from './nonces.js';

/** Dynamic: the chain of EIP-4361 messages, and the network that the wallet says it is on (Ethereum). */
const CHAIN = 'EVM';
const NETWORK = '1';

const STATEMENT = 'This signature shows that the wallet is yours. It moves nothing and costs nothing.';

/** What a message is refused with when its nonce is unknown or its time is to come. */
const REFUSALS: ReadonlySet<string | undefined> = new Set(['invalid_verification', 'other_verify_failure']);

export interface Signing {
  nonces: Nonces;
  target: DynamicTarget;
  /** Milliseconds, by the service's clock as far as it is known. */
  serviceNow(): number;
}

/**
 * Signs a message and hands it in. Once more with a new nonce when it is refused: the service may have forgotten those of the pool, and
 * its answers have told the time. `call` says who asks for the nonce.
 */
export async function handInSigned(
  wallet: Wallet,
  { nonces, target, serviceNow }: Signing,
  call: Pick<Call, 'bearer' | 'sessionKey'>,
  hand: (body: Record<string, unknown>) => Promise<Answer>,
): Promise<Answer> {
  const sign = async (): Promise<Record<string, unknown>> => {
    const nonce = await nonces.take(call);
    return signedBody(wallet, { nonce, now: serviceNow(), target });
  };
  const answer = await hand(await sign());
  if (!REFUSALS.has(answer.refusal?.code)) return answer;
  await nonces.forget();
  return hand(await sign());
}

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
