/** Phone numbers and addresses that a user gives, checked before anything goes over the network. */
import { UsageError } from '../errors.js';

/** A phone number in E.164 (ITU-T E.164: `+`, country code, at most 15 digits). Throws UsageError PHONE_INVALID. */
export function parsePhone(text: string, field = 'phone'): string {
  if (isPhone(text)) return text;
  const bare = text.replace(/[\s().-]/g, '').replace(/^00/, '+');
  throw new UsageError('PHONE_INVALID', `This is no phone number in E.164: "${text}".`, {
    field,
    hint: isPhone(bare) ? `Did you mean ${bare}?` : 'Write it with + and the country code, as in +33612345678.',
  });
}

function isPhone(text: string): boolean {
  return /^\+[1-9]\d{6,14}$/.test(text);
}

/** An email address, by its outer form only. Throws UsageError EMAIL_INVALID. */
export function parseEmail(text: string, field = 'email'): string {
  if (text.length <= 254 && /^[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+$/.test(text)) return text;
  throw new UsageError('EMAIL_INVALID', `This is no email address: "${text}".`, {
    field,
    hint: 'For example: user@example.com',
  });
}
