/** A pasted `curl` command as the request that it sends (curl's manual page). */
import { readAnswer, readMarkedAnswer, type Answer } from './http-answer.js';
import { valuesOf } from './http-head.js';
import type { HttpRequest } from './http-message.js';
import { shellOf, splitWords, type Word } from './shell-words.js';

export interface CurlRequest extends HttpRequest {
  /** Headers whose value is a variable's name, because single quotes keep it from the shell: by header, in lower case. */
  literal: Map<string, string>;
  /** Headers whose value is of a variable, which is not in the command: by header, in lower case. */
  unexpanded: Map<string, string>;
}

/** Long options that take a value, by what they are here. Those that are not listed take none. */
const WITH_VALUE: ReadonlySet<string> = new Set(
  (
    'abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout connect-to continue-at cookie ' +
    'cookie-jar create-file-mode crlfile curves data data-ascii data-binary data-raw data-urlencode delegation dns-interface ' +
    'dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header ech egd-file engine etag-compare etag-save expect100-timeout form ' +
    'form-string ftp-account ftp-method ftp-port happy-eyeballs-timeout-ms haproxy-clientip header hostpubmd5 hostpubsha256 hsts ' +
    'interface ip-tos ipfs-gateway json keepalive-cnt keepalive-time key key-type krb libcurl limit-rate local-port login-options ' +
    'mail-auth mail-from mail-rcpt max-filesize max-redirs max-time netrc-file noproxy oauth2-bearer output output-dir parallel-max ' +
    'pass pinnedpubkey preproxy proto proto-default proto-redir proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type ' +
    'proxy-ciphers proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name ' +
    'proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 pubkey quote random-file range rate ' +
    'referer request request-target resolve retry retry-delay retry-max-time sasl-authzid service-name socks4 socks4a socks5 ' +
    'socks5-gssapi-service socks5-hostname speed-limit speed-time stderr telnet-option tftp-blksize time-cond tls-max tls13-ciphers ' +
    'tlsauthtype tlspassword tlsuser trace trace-ascii trace-config unix-socket upload-file url url-query user user-agent variable ' +
    'vlan-priority write-out'
  ).split(' '),
);
/** Short options, with the long ones that they are. */
const SHORT: Record<string, string> = {
  A: 'user-agent', b: 'cookie', c: 'cookie-jar', C: 'continue-at', d: 'data', D: 'dump-header', e: 'referer', E: 'cert', F: 'form',
  G: 'get', H: 'header', I: 'head', K: 'config', m: 'max-time', o: 'output', P: 'ftp-port', Q: 'quote', r: 'range', t: 'telnet-option',
  T: 'upload-file', u: 'user', U: 'proxy-user', w: 'write-out', x: 'proxy', X: 'request', y: 'speed-time', Y: 'speed-limit',
  z: 'time-cond',
}; // prettier-ignore

/** What shells and pages put before a command: a prompt, variables for it, the program that runs it. */
const BEFORE =
  /^\s*(?:```\w*\s*)?(?:PS [^>\n]*>\s*|[A-Za-z]:\\[^>\n]*>\s*|[$#%>]\s+)?(?:\w+=(?:"[^"]*"|'[^']*'|\S*)\s+)*(?:sudo\s+|time\s+|&\s*)?/;

/** Whether a text is a `curl` command. */
export function looksLikeCurl(text: string): boolean {
  return /^["']?(?:[\w./:\\-]*[/\\])?curl(?:\.exe)?["']?\s/i.test(afterPrompt(text));
}

/** Reads a `curl` command, with what it has printed of the answer on the lines behind it. Undefined for what is none. */
export function readCurl(given: string): CurlRequest | undefined {
  if (!looksLikeCurl(given)) return undefined;
  const text = afterPrompt(given).replace(/\n?```\s*$/, '');
  // What is printed behind it may look like any shell's.
  const [typed = ''] = text.split(/^(?:HTTP\/|[<>*] )/m, 1);
  const { words, open, end } = splitWords(text, shellOf(typed));
  const command = new Command();
  command.take(words.slice(1));
  if (open) command.notes.push('A quotation in the command has no end: what is behind it may be missing.');
  return { ...command.request(), answer: answerIn(text.slice(end)) };
}

/** The answer among what a command has printed; that of another command behind it is none of its own. */
function answerIn(printed: string): Answer | undefined {
  const other = /^(?:[ \t]*(?:[$#%>]|PS [^>\n]*>|[A-Za-z]:\\[^>\n]*>))?[ \t]*curl(?:\.exe)?[ \t]/m.exec(printed)?.index;
  const own = printed.slice(0, other);
  return readMarkedAnswer(own) ?? readAnswer(Buffer.from(own), 0);
}

function afterPrompt(text: string): string {
  return text.replace(BEFORE, '');
}

/** A value without the blanks at its ends, which are no part of it (RFC 9112 §5.1). All else curl sends as it is, a CR too. */
function withoutBlanks(value: string): string {
  let [from, to] = [0, value.length];
  while (from < to && /[ \t]/.test(value[from]!)) from += 1;
  while (from < to && /[ \t]/.test(value[to - 1]!)) to -= 1;
  return value.slice(from, to);
}

const NOTHING: Word = { text: '', unexpanded: [], literal: [] };

class Command {
  readonly notes: string[] = [];
  private readonly headers: [string, string][] = [];
  private readonly literal = new Map<string, string>();
  private readonly unexpanded = new Map<string, string>();
  /** Parts of the body; undefined for one that stands in a file. */
  private readonly data: (string | undefined)[] = [];
  private readonly urls: Word[] = [];
  private readonly flags = new Set<string>();
  private method: string | undefined;
  private basic: Word | undefined;
  private bearer: Word | undefined;
  private json = false;
  private upload = false;

  take(words: Word[]): void {
    let at = 0;
    const value = (attached: Word | undefined): Word => attached ?? words[at++] ?? NOTHING;
    while (at < words.length) {
      const word = words[at++]!;
      const { text } = word;
      if (text === '--next' || text === '-:') {
        this.notes.push('There are several requests; the first one is looked at.');
        return;
      }
      if (text.startsWith('--') && text.length > 2) {
        const [, name = '', attached] = /^--([^=]*)(?:=([^]*))?$/.exec(text) ?? [];
        const given = attached === undefined ? undefined : { ...word, text: attached };
        this.option(name, WITH_VALUE.has(name) ? value(given) : NOTHING);
      } else if (text.startsWith('-') && text.length > 1) this.shorts(word, value);
      else this.urls.push(word);
    }
  }

  /** `-sSXPOST`: each letter is an option, and the first that takes a value has the rest. */
  private shorts(word: Word, value: (attached: Word | undefined) => Word): void {
    for (let at = 1; at < word.text.length; at += 1) {
      const name = SHORT[word.text[at]!];
      if (name === undefined || !WITH_VALUE.has(name)) {
        if (name !== undefined) this.flags.add(name);
        continue;
      }
      const attached = word.text.slice(at + 1);
      return this.option(name, value(attached === '' ? undefined : { ...word, text: attached }));
    }
  }

  private option(name: string, word: Word): void {
    switch (name) {
      case 'header':
        return this.header(word);
      case 'request':
        return void (this.method = word.text);
      case 'url':
        return void this.urls.push(word);
      case 'user':
        return void (this.basic = word);
      case 'oauth2-bearer':
        return void (this.bearer = word);
      case 'cookie':
        return void this.headers.push(['cookie', '']);
      case 'upload-file':
        this.upload = true;
        return void this.data.push(undefined);
      case 'form':
      case 'form-string':
        return void this.data.push(undefined);
      case 'json':
        this.json = true;
        return this.body(word, true);
      case 'data':
      case 'data-ascii':
      case 'data-binary':
        return this.body(word, true);
      case 'data-raw':
        return this.body(word, false);
      case 'data-urlencode':
        return void this.data.push(undefined);
      case 'config':
        return void this.notes.push('Options of a file (-K, --config) are not known here.');
      default:
        this.flags.add(name);
    }
  }

  private header(word: Word): void {
    const { text, unexpanded, literal } = word;
    if (text.startsWith('@')) return void this.notes.push('Headers of a file (-H @FILE) are not known here.');
    const [, name, colon, value = ''] = /^([^:;]*)([:;])?([^]*)$/.exec(text) ?? [];
    if (name === undefined || colon === undefined) {
      this.notes.push('A header (-H) has no colon: curl leaves it out.');
      return;
    }
    const lower = name.trim().toLowerCase();
    if (unexpanded[0] !== undefined) this.unexpanded.set(lower, unexpanded[0]);
    if (literal[0] !== undefined) this.literal.set(lower, literal[0]);
    // Without a value curl takes a header of its own away; it has none of these.
    if (value.trim() !== '' || colon === ';') this.headers.push([name, withoutBlanks(value)]);
  }

  private body({ text, unexpanded }: Word, takesFile: boolean): void {
    const unknown = (takesFile && text.startsWith('@')) || unexpanded.length > 0;
    this.data.push(unknown ? undefined : text);
  }

  request(): CurlRequest {
    const url = this.address();
    const has = (name: string): boolean => valuesOf(this.headers, name).length > 0;
    if (this.bearer && !has('authorization'))
      this.header({ ...this.bearer, text: `Authorization: Bearer ${this.bearer.text}` });
    // Its value is a password; the scheme is all that is looked at.
    if (this.basic && !has('authorization')) this.headers.push(['authorization', 'Basic (user and password)']);
    const whole = this.data.every((part) => part !== undefined);
    const sent = this.data.length > 0 && !this.flags.has('get');
    if (sent && !whole) this.notes.push('The body is of a file, a form or a variable: it is not known here.');
    return {
      method: this.method ?? this.usualMethod(sent),
      ...(url === undefined ? {} : { url }),
      headers: this.headers,
      body: sent && !whole ? undefined : Buffer.from(sent ? this.data.join(this.json ? '' : '&') : ''),
      received: false,
      literal: this.literal,
      unexpanded: this.unexpanded,
      notes: this.notes,
    };
  }

  private usualMethod(sent: boolean): string {
    if (this.flags.has('head')) return 'HEAD';
    if (this.upload) return 'PUT';
    return sent ? 'POST' : 'GET';
  }

  private address(): string | undefined {
    const [word] = this.urls;
    if (!word) return undefined;
    if (this.urls.length > 1) this.notes.push('There are several addresses; the first one is looked at.');
    if (word.unexpanded.length > 0) {
      this.notes.push(
        `The address has a variable (${word.unexpanded[0]}), whose value is not in the command: give it with --url.`,
      );
      return undefined;
    }
    // As curl guesses it.
    return /^[a-z][a-z\d+.-]*:\/\//i.test(word.text) ? word.text : `http://${word.text}`;
  }
}
