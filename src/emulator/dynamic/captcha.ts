/** Dynamic: environments that want a captcha solved before they send a code. */
import { DynamicError } from './errors.js';
import { settingsOf, type Place } from './parts.js';

/** What the settings say of it. The site key is hCaptcha's own for tests: its widget solves itself. */
export const CAPTCHA = { enabled: true, provider: 'hcaptcha', siteKey: '10000000-ffff-ffff-ffff-000000000001' };

/**
 * Demands a captcha's token where the environment has captcha on; nobody is asked whether it is a good one. Throws DynamicError
 * `invalid_verification`: the service documents no code for it, and of those that it has this one fits best (inferred).
 */
export async function requireCaptcha(place: Place, captchaToken: string | null | undefined): Promise<void> {
  if (captchaToken || !(await settingsOf(place)).captcha) return;
  throw new DynamicError('invalid_verification', 'captchaToken: expected one, got none', 'A captcha token is required');
}
