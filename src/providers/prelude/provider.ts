/** What Prelude has beside what every provider has: sessions elsewhere, passwords, passkeys. */
import type { Provider } from '../provider.js';
import type { AddedPasskey, RegisteredPasskey } from './passkeys.js';

/** What the application demands of a password. */
export interface PasswordPolicy {
  minLength: number;
  /** 0 means none. */
  maxLength: number;
  /** How many characters of each kind at least; whatever is no letter with a case and no decimal digit is a symbol. */
  uppercase: number;
  lowercase: number;
  numbers: number;
  symbols: number;
}

/** Which sessions are to end: every one, all but this one, this one, or one by its id. */
export type Revocation = { target: 'all' | 'others' | 'mine' } | { target: 'session'; sessionId: string };

export interface PreludeProvider extends Provider {
  /** Ends sessions at the service, and here when this one is among them. Throws RefusedError for an unknown id. */
  revokeSessions(revocation: Revocation): Promise<void>;
  /** What a password must be like; nobody need be logged in. */
  passwordPolicy(): Promise<PasswordPolicy>;
  /**
   * Sets the user's password. The access token must hold `prld:pwd:write`, which is consumed. Throws RefusedError ELEVATION_REQUIRED
   * without it, PASSWORD_REFUSED for a weak one (the scope is kept then).
   */
  resetPassword(password: string): Promise<void>;
  /** Makes a passkey in the store and registers it; needs `prld:passkey:write`, which is consumed. */
  addPasskey(): Promise<AddedPasskey>;
  /** The user's passkeys as the service lists them; undefined where it has no such call (its path is not published). */
  passkeys(): Promise<RegisteredPasskey[] | undefined>;
  /** Removes one at the service. False where it has no such call. */
  removePasskey(id: string): Promise<boolean>;
}
