/** The message that a wallet signs to sign in (EIP-4361). */
import { RefusedError } from '../errors.js';

export interface SignIn {
  /** Host, and port unless it is the scheme's own, of the app. */
  domain: string;
  address: string;
  uri: string;
  chainId: number;
  nonce: string;
  /** ISO 8601 with milliseconds. */
  issuedAt: string;
  requestId?: string | undefined;
  /** One line. */
  statement?: string | undefined;
}

/**
 * The message, without a line end behind it. Throws RefusedError REFUSED when a part is empty or would make another line (a service
 * chooses the nonce: it must not choose what is signed), and TypeError for a chain id that is none.
 */
export function signInMessage(parts: SignIn): string {
  const { domain, address, uri, chainId, nonce, issuedAt, requestId, statement } = parts;
  if (!Number.isSafeInteger(chainId) || chainId < 1) throw new TypeError(`No chain id: ${chainId}`);
  for (const [name, text] of Object.entries({ domain, address, uri, nonce, issuedAt, requestId, statement })) {
    if (text !== undefined) oneLine(name, text);
  }
  return [
    `${domain} wants you to sign in with your Ethereum account:`,
    address,
    '',
    ...(statement === undefined ? [] : [statement]),
    '',
    `URI: ${uri}`,
    'Version: 1',
    `Chain ID: ${chainId}`,
    `Nonce: ${nonce}`,
    `Issued At: ${issuedAt}`,
    ...(requestId === undefined ? [] : [`Request ID: ${requestId}`]),
  ].join('\n');
}

function oneLine(name: string, text: string): void {
  if (text !== '' && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) return;
  throw new RefusedError(
    'REFUSED',
    `The message to sign would not be sound: its ${name} is empty or more than one line.`,
  );
}
