/** An application as the service has it now, as far as a stepup.json speaks of it. */
import type { StepUpConfig } from '../../providers/prelude/config.js';
import type { Management } from '../../providers/prelude/management.js';
import type { OtpLogin, PasswordLogin } from '../../providers/prelude/management-login.js';
import type { Section } from './document.js';

/** Sections that were not asked for are undefined. */
export interface Snapshot {
  scopes?: string[];
  /** Null when there is none. */
  stepup?: StepUpConfig | null;
  login_otp?: OtpLogin[];
  /** Null when there is none. */
  login_password?: PasswordLogin | null;
}

/**
 * Reads these sections. Throws RefusedError MANAGEMENT_KEY_REFUSED, APPLICATION_UNKNOWN, NOT_OFFERED for one that the service does
 * not show; UnreachableError.
 */
export async function takeSnapshot(management: Management, sections: readonly Section[]): Promise<Snapshot> {
  const has = (section: Section): boolean => sections.includes(section);
  const [scopes, stepup, otp, password] = await Promise.all([
    has('scopes') ? management.scopes() : undefined,
    has('stepup') ? management.stepUpConfig() : undefined,
    has('login_otp') ? management.otpLogins() : undefined,
    has('login_password') ? management.passwordLogin() : undefined,
  ]);
  return {
    ...(scopes ? { scopes } : {}),
    ...(has('stepup') ? { stepup: stepup ?? null } : {}),
    ...(otp ? { login_otp: otp } : {}),
    ...(has('login_password') ? { login_password: password ?? null } : {}),
  };
}
