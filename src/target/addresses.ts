/** Addresses that a person gives: services, hooks, key sets. Checked before anything is sent. */
import { isLoopback } from '../address.js';
import { UsageError } from '../errors.js';

/** Prelude's own address of an application's frontend API. */
export function defaultFrontendUrl(appId: string): string {
  return `https://${appId}.session.prelude.dev`;
}

/**
 * The base URL that a host (`auth.example.com`, `localhost:4743/t/w1`) or URL names. Throws UsageError URL_INVALID for
 * anything else, and for plain http beyond loopback.
 */
export function serviceUrl(text: string, field: string): string {
  const url = tryUrl(text.includes('://') ? text : `https://${text}`);
  if (!url || !url.hostname || url.search || url.hash || url.username || url.password) {
    throw new UsageError('URL_INVALID', `${field} is no host or https address: ${shown(text)}`, {
      field,
      hint: 'For example: auth.example.com',
    });
  }
  return secure(url, text, field).href.replace(/\/+$/, '');
}

/**
 * The origin of an app (scheme, host and port), from an origin or any address of it. Throws UsageError ORIGIN_INVALID for anything
 * else, and for plain http beyond this machine.
 */
export function originUrl(text: string, field: string): string {
  const url = tryUrl(text.includes('://') ? text : `https://${text}`);
  const secured = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  // A pattern of the dashboard's list names no app: a wallet's message and a passkey need the host itself.
  const whole = url !== undefined && (/[.:]/.test(url.hostname) || isLoopback(url.hostname));
  const named = whole && !url.hostname.includes('*') && !url.username && !url.password;
  if (url && secured && named) return url.origin;
  throw new UsageError('ORIGIN_INVALID', `${field} is no origin of an app: ${shown(text)}`, {
    field,
    hint: 'It is https, host and perhaps port, as in https://app.example.com or http://localhost:3000.',
  });
}

/**
 * An address that the service is to call, as it was given. Throws UsageError URL_INVALID for what is no https URL; plain http is
 * for loopback, where only the emulator can call it.
 */
export function callbackUrl(text: string, field: string): string {
  const url = tryUrl(text);
  if (!url || !url.hostname || url.hash || url.username || url.password) {
    throw new UsageError('URL_INVALID', `${field} is no https address: ${shown(text)}`, {
      field,
      hint: 'For example: https://api.example.com/hooks/stepup',
    });
  }
  secure(url, text, field);
  return text;
}

/** What is wrong with an address that the service is to call, in words; undefined when it is good. */
export function callbackProblem(text: string, field: string): string | undefined {
  try {
    callbackUrl(text, field);
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

/** Where a backend publishes the keys of its custom steps, beside its hook. */
export function jwksUrlBeside(hookUrl: string): string {
  return `${new URL(hookUrl).origin}/.well-known/jwks.json`;
}

function secure(url: URL, text: string, field: string): URL {
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return url;
  throw new UsageError('URL_INVALID', `${field} must be https, but for an address on this machine: ${text}`, { field });
}

/** An address for an error: a password in it is left out. */
function shown(text: string): string {
  return text.replace(/^([^/]*:\/\/)?[^/]*@/, '$1…@');
}

function tryUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined; // said by the caller, with the field's name
  }
}
