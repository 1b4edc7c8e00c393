/** Messages of Sign-In with Ethereum (EIP-4361), parsed by its grammar. */

export interface SiweMessage {
  /** Host and port of the app. */
  domain: string;
  /** As written, whatever its case. */
  address: string;
  uri: string;
  chainId: string;
  nonce: string;
  /** Milliseconds since the epoch. */
  issuedAt: number;
  expirationTime: number | undefined;
  notBefore: number | undefined;
  requestId: string | undefined;
}

const HEADER = /^(?:[a-z][a-z0-9+.-]*:\/\/)?([^\s/?#@]+) wants you to sign in with your Ethereum account:$/i;
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;
/** RFC 3986: no control character, no space, no non-ASCII. */
const URI = /^[a-z][a-z0-9+.-]*:[!-~]+$/i;

/** The fields in their order; optional ones may be left out. */
const FIELDS = [
  ['URI', URI, true],
  ['Version', /^1$/, true],
  ['Chain ID', /^\d{1,20}$/, true],
  ['Nonce', /^[a-zA-Z0-9]{8,128}$/, true],
  ['Issued At', DATE_TIME, true],
  ['Expiration Time', DATE_TIME, false],
  ['Not Before', DATE_TIME, false],
  ['Request ID', /^[\w\-.~!$&'()*+,;=:@%]*$/, false],
] as const;

/** The message, or words that say what does not fit the grammar. */
export function parseSiwe(text: string): SiweMessage | string {
  const lines = text.split('\n');
  const domain = HEADER.exec(lines[0] ?? '')?.[1];
  const address = lines[1] ?? '';
  if (domain === undefined) return 'first line: expected "<domain> wants you to sign in with your Ethereum account:"';
  if (!ADDRESS.test(address)) return 'second line: expected an address of 40 hexadecimal digits';
  if (lines[2] !== '') return 'third line: expected an empty one';
  // A statement stands between two empty lines; without one there are just the two.
  const fieldsAt = lines[3] === '' ? 4 : 5;
  if (fieldsAt === 5 && lines[4] !== '') return 'statement: expected one line with an empty one behind it';
  const fields = readFields(lines.slice(fieldsAt));
  if (typeof fields === 'string') return fields;
  const time = (name: string): number | undefined => {
    const value = fields.get(name);
    return value === undefined ? undefined : Date.parse(value);
  };
  const times = ['Issued At', 'Expiration Time', 'Not Before'];
  if (times.some((name) => Number.isNaN(time(name)))) return 'times: expected dates that exist';
  return {
    domain,
    address,
    uri: fields.get('URI') ?? '',
    chainId: fields.get('Chain ID') ?? '',
    nonce: fields.get('Nonce') ?? '',
    issuedAt: time('Issued At') ?? 0,
    expirationTime: time('Expiration Time'),
    notBefore: time('Not Before'),
    requestId: fields.get('Request ID'),
  };
}

function readFields(lines: string[]): Map<string, string> | string {
  const found = new Map<string, string>();
  let at = 0;
  for (const [name, form, required] of FIELDS) {
    const line = lines[at] ?? '';
    if (!line.startsWith(`${name}: `)) {
      if (required) return `${name}: expected it at its place`;
      continue;
    }
    const value = line.slice(name.length + 2);
    if (!form.test(value)) return `${name}: expected the form of EIP-4361`;
    found.set(name, value);
    at++;
  }
  if (lines[at] === 'Resources:') {
    at++;
    while (lines[at]?.startsWith('- ') && URI.test(lines[at]?.slice(2) ?? '')) at++;
  }
  return at === lines.length ? found : 'message: expected nothing behind its last field';
}
