/** Takes secrets out of what is shown: by the name of the field that holds them, and by value wherever they turn up. */

const REDACTED = '[redacted]';
const SECRET_FIELD =
  /^(code|otp|d|pin|totp|password|new_password|passphrase|code_verifier|assertion|passkey_assertion|recovery_?codes?|(minified_?)?jwt|signature|signed_?message)$|token|secret|authorization|cookie|api[-_]?key|private_?key|access_?key|mnemonic|seed_?phrase|key_?shares?|verification_code|signed-nonce/i;
const NOT_SECRET = /(-|_)expires(-|_)at$|^token_type$/i;
const JWT = /\beyJ[\w-]+\.[\w-]*\.[\w-]*(\.[\w-]*){0,2}/g;
/** The address of an authenticator app (Key URI Format): its secret is among the parameters. */
const OTPAUTH = /\botpauth:\/\/[^\s"'<>]+/gi;
/** A service's error code (`bad_check_code`) as opposed to a one-time code; both are called `code`. */
const ERROR_CODE = /^[a-z]+(_[a-z]+)+$|^(unauthorized|forbidden|internal|conflict)$/;
/** Shorter values would blot out half of any text. */
const SHORTEST_SECRET = 4;

export interface Redactor {
  /** Remembers a secret, so that `text` finds it anywhere later. */
  learn(value: string): void;
  /** The text without any secret that was learnt, and without anything that looks like a JWT or the address of an authenticator app. */
  text(text: string): string;
  /** One header as it may be shown; learns what it hides. A DPoP proof keeps header and claims and loses its signature. */
  header(name: string, value: string): string;
  /** A body as it may be shown; learns what it hides. */
  body(json: unknown): unknown;
  /** A URL as it may be shown: user, password and secret query parameters are hidden. */
  url(url: string): string;
}

/** A redactor that knows no secret yet. */
export function createRedactor(): Redactor {
  const known = new Set<string>();

  const learn = (value: string): void => {
    if (value.length >= SHORTEST_SECRET) known.add(value);
  };

  function text(shown: string): string {
    let clean = shown;
    // Longest first, so that a secret that is part of another one leaves no rest of it.
    for (const secret of [...known].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(secret, REDACTED);
    return clean.replace(JWT, REDACTED).replace(OTPAUTH, REDACTED);
  }

  function header(name: string, value: string): string {
    if (/^dpop$/i.test(name)) return value.replace(/\.[^.]*$/, `.${REDACTED}`);
    if (!isSecret(name)) return text(value);
    if (/cookie$/i.test(name)) {
      const pairs = /^set-/i.test(name) ? [value.split(';')[0] ?? ''] : value.split(';');
      for (const pair of pairs) learn(pair.slice(pair.indexOf('=') + 1).trim());
    }
    learn(value.replace(/^\w+ /, ''));
    return REDACTED;
  }

  function body(json: unknown): unknown {
    if (typeof json === 'string') return text(json);
    if (Array.isArray(json)) return json.map(body);
    if (typeof json !== 'object' || json === null) return json;
    return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, field(name, value)]));
  }

  function field(name: string, value: unknown): unknown {
    if (!isSecret(name) || value === null || typeof value === 'boolean') return body(value);
    if (name === 'code' && typeof value === 'string' && ERROR_CODE.test(value)) return value;
    learnAll(value);
    return REDACTED;
  }

  function learnAll(value: unknown): void {
    if (typeof value === 'string') learn(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(learnAll);
  }

  function url(address: string): string {
    const shown = new URL(address);
    if (shown.password) learn(decodeURIComponent(shown.password));
    shown.username = '';
    shown.password = '';
    const secrets = [...shown.searchParams].filter(([name]) => isSecret(name));
    for (const [name, value] of secrets) {
      learn(value);
      shown.searchParams.set(name, 'redacted');
    }
    return text(shown.href);
  }

  return { learn, text, header, body, url };
}

function isSecret(name: string): boolean {
  return SECRET_FIELD.test(name) && !NOT_SECRET.test(name);
}
