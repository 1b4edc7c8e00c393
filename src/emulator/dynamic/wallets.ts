/** Proof of an external wallet: a signed EIP-4361 message. */
import type { Context } from 'hono';
import { WALLET_PROVIDERS, type Identity } from './credentials.js';
import { DynamicError, type DynamicCode, type Env } from './errors.js';
import { recoverAddress } from './ethereum.js';
import { burnNonce } from './nonces.js';
import { isAllowed, requireOrigin } from './origins.js';
import type { Place } from './parts.js';
import { parseSiwe, type SiweMessage } from './siwe.js';
import { offBy, shown } from '../shown.js';
import type { WalletBody } from './wire.js';

export type Wallet = Extract<Identity, { format: 'blockchain' }>;

/** How far a client's clock may be ahead. */
const SKEW_MS = 300_000;

/** The wallet that a body speaks of; nothing is verified yet. Throws DynamicError `not_emulated` for a chain that is not EVM. */
export function walletOf({ chain, publicWalletAddress, walletName, walletProvider }: WalletBody): Wallet {
  if (chain !== 'EVM' && chain !== 'ETH') {
    throw new DynamicError(
      'not_emulated',
      `chain: expected EVM, got ${shown(chain)}`,
      'The emulator has wallets of the chain EVM only',
    );
  }
  if (!/^0x[0-9a-fA-F]{40}$/.test(publicWalletAddress))
    throw refuse('invalid_wallet_address', 'an EVM address', 'something else');
  const provider = WALLET_PROVIDERS.find((name) => name === walletProvider);
  if (!provider) throw refuse('bad_request', 'walletProvider of the service', shown(walletProvider));
  return { format: 'blockchain', address: publicWalletAddress, walletName, walletProvider: provider };
}

/**
 * Verifies the signed message: signer, domain, environment, times, and last the nonce, which it uses up. Throws DynamicError
 * `invalid_verification`, `invalid_wallet_address`.
 */
export async function verifyWallet(c: Context<Env>, place: Place, body: WalletBody): Promise<void> {
  const message = parseSiwe(body.messageToSign);
  if (typeof message === 'string') throw new DynamicError('invalid_verification', `message: ${message}`);
  const address = body.publicWalletAddress.toLowerCase();
  if (message.address.toLowerCase() !== address)
    throw refuse('invalid_wallet_address', `the message's address ${message.address}`, shown(body.publicWalletAddress));
  if ((await recoverAddress(body.messageToSign, body.signedMessage)) !== address) {
    throw refuse('invalid_verification', 'a signature by the key of the address', 'another');
  }
  await checkDomain(c, place, message.domain);
  if (message.requestId !== place.tenant.dynamic.environmentId) {
    throw refuse('invalid_verification', 'the environment as Request ID', shown(message.requestId));
  }
  checkTimes(message, place.services.clock.now());
  if (!(await burnNonce(place, message.nonce)))
    throw refuse(
      'invalid_verification',
      'a nonce of the last minutes that is unused',
      'one that is used, over or unknown',
    );
}

/** The message must be for the app that shows it; without an `Origin`, for any app of the environment. */
async function checkDomain(c: Context<Env>, place: Place, domain: string): Promise<void> {
  if (c.req.header('origin') !== undefined) {
    const { host } = await requireOrigin(c, place);
    if (domain !== host) throw refuse('invalid_verification', `the domain ${host}`, shown(domain));
    return;
  }
  if ((await isAllowed(place, `https://${domain}`)) || (await isAllowed(place, `http://${domain}`))) return;
  throw refuse('invalid_verification', "a domain on the environment's list", shown(domain));
}

function checkTimes({ issuedAt, expirationTime = Infinity, notBefore = 0 }: SiweMessage, now: number): void {
  if (issuedAt > now + SKEW_MS)
    throw refuse('invalid_verification', 'an Issued At in the past', `one ${offBy((issuedAt - now) / 1000)}`);
  if (now >= expirationTime)
    throw refuse('invalid_verification', 'an Expiration Time to come', `one ${offBy((expirationTime - now) / 1000)}`);
  if (now < notBefore)
    throw refuse('invalid_verification', 'a Not Before in the past', `one ${offBy((notBefore - now) / 1000)}`);
}

function refuse(code: DynamicCode, expected: string, got: string): DynamicError {
  return new DynamicError(code, `wallet: expected ${expected}, got ${got}`);
}
