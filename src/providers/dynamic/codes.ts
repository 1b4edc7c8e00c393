/** Codes by email and SMS: sent to log in, to step up. */
import { UsageError } from '../../errors.js';
import { hasPassed, iso, sentAt } from '../instants.js';
import { parseEmail, parsePhone } from '../identifiers.js';
import { parseAnswer } from '../parse.js';
import type { Answer, Call } from './api.js';
import type { Underway } from './challenges.js';
import { captchaRequired, refusalError } from './errors.js';
import type { Environment } from './provider.js';
import type { Records, SessionRecord } from './record.js';
import { createdSchema } from './wire.js';

/** Where a code goes, in the words of the call that sends it. */
export type Contact = { email: string } | { phoneCountryCode: string; phoneNumber: string; isoCountryCode: string };

export interface Sent {
  channel: 'sms' | 'email';
  verificationUUID: string;
  /** ISO 8601, by the service's clock. */
  at: string;
}

/** How long what the settings say is believed. Dynamic: the official client reads them again after five minutes. */
const SETTINGS_MS = 300_000;

type Send = (call: Omit<Call, 'bearer' | 'sessionKey'>) => Promise<Answer>;

/** Has a code sent. Throws RefusedError CAPTCHA_REQUIRED and what the service refuses. `now` gives milliseconds. */
export async function sendCode(send: Send, contact: Contact, now: () => number): Promise<Sent> {
  const channel = channelOf(contact);
  const startedAt = now();
  const answer = await send({ method: 'POST', path: `/${channel}Verifications/create`, json: contact });
  if (answer.refusal) throw refusalError(answer.refusal);
  const { verificationUUID } = parseAnswer(createdSchema, answer.json, `/${channel}Verifications/create`);
  return { channel, verificationUUID, at: sentAt(startedAt, answer) };
}

/** The contact of a phone number. Throws UsageError PHONE_INVALID for what is no number of a country. */
export async function contactOfPhone(text: string, field = '--phone'): Promise<Contact> {
  const number = parsePhone(text, field);
  const { parsePhoneNumber } = await import('awesome-phonenumber');
  const { countryCode, regionCode, number: parts } = parsePhoneNumber(number);
  if (countryCode === undefined || regionCode === undefined || parts === undefined) {
    throw new UsageError('PHONE_INVALID', `No country has the phone number ${number}.`, {
      field,
      hint: 'Dynamic takes country and number apart, so the country must be known.',
    });
  }
  const phoneCountryCode = String(countryCode);
  return { phoneCountryCode, phoneNumber: number.slice(1 + phoneCountryCode.length), isoCountryCode: regionCode };
}

/** The contact of an email address. Throws UsageError EMAIL_INVALID. */
export function contactOfEmail(text: string, field = '--email'): Contact {
  return { email: parseEmail(text, field) };
}

/** The contact of the credential that a challenge is proved with. Throws a TypeError for one that takes no code. */
export function contactOf({ session, stored }: Underway): Contact {
  const credential = session.credentials.find(({ id }) => id === stored.using);
  const contact = stored.key === 'verify_email' ? credential?.email && { email: credential.email } : credential?.phone;
  if (!contact) throw new TypeError(`the challenge has no address for ${stored.key}`);
  return contact;
}

/** What of an environment's settings a later code has to know. `now` is in milliseconds. */
export function settingsOf({ captcha }: Environment, now: number): NonNullable<SessionRecord['settings']> {
  return { captcha, readAt: iso(now) };
}

/** Reads and keeps it. */
async function readSettings(
  records: Records,
  read: () => Promise<Environment>,
  now: () => number,
): Promise<NonNullable<SessionRecord['settings']>> {
  const settings = settingsOf(await read(), now());
  await records.update((record) => ({ ...record, settings }));
  return settings;
}

/**
 * Throws RefusedError CAPTCHA_REQUIRED where the environment sends no code without one, before it is asked for. What the settings
 * said is believed for five minutes.
 */
export async function checkCaptcha(
  records: Records,
  read: () => Promise<Environment>,
  now: () => number,
): Promise<void> {
  const { settings } = await records.read();
  const known =
    settings && !hasPassed(settings.readAt, now(), -SETTINGS_MS) ? settings : await readSettings(records, read, now);
  if (known.captcha !== undefined) throw captchaRequired();
}

function channelOf(contact: Contact): 'sms' | 'email' {
  return 'email' in contact ? 'email' : 'sms';
}
