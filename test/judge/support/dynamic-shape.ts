/** What of a request to Dynamic can be compared between two clients: names, constants, and the form of what is random or personal. */
import type { Recorded } from './recorder.js';
import { decode, fields, type Shape } from './request-shape.js';

/** Said by Node of the connection, not by a client. */
const CONNECTION = /^(host|connection|content-length|transfer-encoding)$/;

const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const BASE64URL = /^[\w-]+$/;
/** Where a passkey's answer has bytes (WebAuthn §5.1). */
const BYTES =
  /^(id|rawId|response\.(attestationObject|authenticatorData|clientDataJSON|clientDataJson|publicKey|signature|userHandle))$/;

/** The first that fits is the form of a value; what fits none is a constant. */
const FORMS: [pattern: RegExp, form: string][] = [
  [/^$/, 'empty'],
  [new RegExp(`^${UUID.source}$`), 'a UUID'],
  [/^\d{6}$/, 'six digits'],
  [/^\d{10}$/, 'ten digits'],
  [/^[^\s@]+@[^\s@]+$/, 'an email address'],
  [/^0[23][\da-f]{64}$/, 'a compressed point in hexadecimal'],
  [/^0x(?=.*[a-f])(?=.*[A-F])[\da-fA-F]+$/, '0x and hexadecimal digits in both cases'],
];

/** Path and ids without what belongs to the environment or the user; `environmentId` is that of both clients. */
export function dynamicShapeOf({ method, path, headers, body }: Recorded, environmentId: string): Shape {
  const base = `/api/v0/sdk/${environmentId}/`;
  const under = path.startsWith(base) ? path.slice(base.length) : path;
  return {
    call: `${method} ${under.replace(UUID, '{id}')}`,
    facts: [...headerFacts(headers), ...bodyFacts(body.replaceAll(environmentId, 'the environment'))].toSorted(),
  };
}

/** Facts of every request of the one that no request of the other has. */
export function always(one: Shape[], other: Shape[]): string[] {
  const [first, ...rest] = one;
  return (first?.facts ?? []).filter(
    (fact) => rest.every(({ facts }) => facts.includes(fact)) && !other.some(({ facts }) => facts.includes(fact)),
  );
}

function headerFacts(headers: Record<string, string>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (CONNECTION.test(name)) return [];
    if (name === 'authorization')
      return [
        `header authorization: ${value.replace(/^Bearer (.*)$/, (_, token: string) => `Bearer ${formOf(token)}`)}`,
      ];
    if (name === 'x-dyn-elevated-access-token' && JWT.test(value)) {
      const [, { scope }] = decode(value);
      return [`header ${name}: a JWT for ${String(scope)}`];
    }
    return [`header ${name}: ${formOf(value)}`];
  });
}

function bodyFacts(body: string): string[] {
  if (body === '') return ['body empty'];
  const json: Record<string, unknown> = JSON.parse(body);
  const { messageToSign: message, ...rest } = json;
  return [
    ...fields('body', rest, json.type === 'public-key' ? formInCredential : formInBody),
    ...(typeof message === 'string' ? messageFacts(message) : []),
  ];
}

/** Of a wallet's message (EIP-4361): its lines. Of the statement, which is for people, its first words. */
function messageFacts(message: string): string[] {
  return message.split('\n').map((line, at) => {
    const [, name = '', value = ''] = /^([A-Z][\w ]+: )(.*)$/.exec(line) ?? [];
    const shown = name === '' ? formOf(line) : name + formOf(value);
    return `body messageToSign, line ${at + 1}: ${shown.split(/\. /, 1)[0]}`;
  });
}

/** A code has no form of its own. */
function formInBody(value: unknown, path: string): string {
  if (path === 'code' && typeof value === 'string') return /^\d+$/.test(value) ? 'digits' : 'letters and digits';
  return formOf(value);
}

/** Of a passkey's bytes the client data is JSON, written by the client's side. */
function formInCredential(value: unknown, path: string): string {
  if (typeof value !== 'string' || !BYTES.test(path) || !BASE64URL.test(value)) return formOf(value);
  if (!/clientDataJson$/i.test(path)) return 'base64url';
  const data: Record<string, unknown> = JSON.parse(Buffer.from(value, 'base64url').toString('utf8'));
  return `base64url of ${JSON.stringify({ ...data, challenge: typeof data.challenge })}`;
}

function formOf(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  const form = FORMS.find(([pattern]) => pattern.test(value))?.[1];
  if (form !== undefined) return form;
  if (JWT.test(value) && value.startsWith('eyJ')) return 'a JWT';
  const [, prefix = '', digits = ''] = /^(0x)?([\da-f]{32,})$/.exec(value) ?? [];
  if (digits !== '') return `${prefix && '0x and '}${digits.length} hexadecimal digits`;
  if (/^[A-Za-z\d]{30,}$/.test(value)) return `${value.length} letters and digits`;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return 'an instant with milliseconds';
  return value;
}
