/** How a request carries its token: the header, the scheme, and what a shell has made of it (RFC 6750 §2, RFC 9449 §7.1). */
import { RANKS, type Finding } from './check.js';
import type { CurlRequest } from './curl.js';
import { valuesOf } from './http-head.js';
import { isOfPrelude, type HttpRequest } from './http-message.js';
import { bareToken, looksLikeToken } from './jws.js';
import { shownText } from './shown.js';

export interface Authorization {
  finding: Finding;
  /** `bearer`, `dpop`; undefined where it is neither. */
  scheme?: 'bearer' | 'dpop' | undefined;
  token?: string | undefined;
}

const EXPECTED = 'one header Authorization: Bearer or DPoP, and the token';

/** Looks at the header `Authorization`. */
export function readAuthorization(request: HttpRequest | CurlRequest): Authorization {
  const values = valuesOf(request.headers, 'authorization');
  const [value] = values;
  if (value === undefined) return missing(request);
  if (values.length > 1) {
    const cause = `The request has ${values.length} headers Authorization: servers refuse it, or take either.`;
    return bad(`${values.length} headers`, cause, 'Send one.', value);
  }
  const variable = variableIn(request, 'authorization');
  if (variable) return { finding: variable };
  const [, scheme, colon, blank = '', rest = ''] = /^([A-Za-z][\w-]*)(:?)(\s+)(\S.*)$/s.exec(value) ?? [];
  if (scheme === undefined) {
    if (/^["'`]/.test(value)) {
      const cause = 'The whole value of Authorization stands in quotation marks, which are sent along.';
      return bad('quotation marks around all of it', cause, 'Write: Authorization: Bearer TOKEN', value);
    }
    if (looksLikeToken(value)) {
      return bad(
        'a token without a scheme',
        'The token stands in Authorization without the word Bearer before it.',
        'Write: Authorization: Bearer TOKEN',
        value,
      );
    }
    const empty = /^(bearer|dpop)$/i.test(value.trim());
    return empty
      ? bad(
          `${shownText(value)} alone`,
          'There is no token behind the scheme: a variable may have been empty.',
          'See where the token got lost.',
        )
      : bad('something else', 'Authorization has neither a scheme nor a token.', 'Write: Authorization: Bearer TOKEN');
  }
  if (colon !== '')
    return bad(
      `a colon behind ${scheme}`,
      `There is a colon behind ${shownText(scheme)}, which belongs to no scheme.`,
      'Write: Authorization: Bearer TOKEN',
      rest,
    );
  if (/^(bearer|dpop)[ \t]/i.test(rest)) {
    return bad(
      'the scheme twice',
      'The scheme stands there twice: a library may add it by itself.',
      'Give that library the bare token.',
      rest,
    );
  }
  if (/[^ ]/.test(blank)) {
    const cause = `What parts ${shownText(scheme)} from the token is no plain blank, and servers refuse it.`;
    return bad('another character than a blank', cause, 'Put one blank there (RFC 9110 §11.4).', rest);
  }
  const known = scheme.toLowerCase();
  if (known !== 'bearer' && known !== 'dpop') {
    const cause = `The request authorizes by ${shownText(scheme)}, and an access token goes by Bearer or DPoP.`;
    return bad(shownText(scheme), cause, 'Write: Authorization: Bearer TOKEN');
  }
  return {
    finding: { check: 'authorization', ok: true, expected: EXPECTED, actual: scheme },
    scheme: known,
    token: rest,
  };
}

/** A header whose value a shell has not put in. Undefined where it has its own. */
export function variableIn(request: HttpRequest | CurlRequest, header: string): Finding | undefined {
  if (!('literal' in request)) return undefined;
  const finding = { check: header, expected: 'a token', rank: RANKS.form };
  const literal = request.literal.get(header);
  if (literal !== undefined) {
    return {
      ...finding,
      ok: false,
      actual: `the text $${shownText(literal)}`,
      cause: `Single quotes keep the shell from putting in the value of ${shownText(literal)}: the name itself was sent as ${header}.`,
      hint: 'Use double quotes around the header.',
    };
  }
  const name = request.unexpanded.get(header);
  if (name === undefined) return undefined;
  return {
    ...finding,
    ok: null,
    actual: `the variable ${shownText(name)}, whose value is not in the command`,
    hint: `Put its value in, in a file that is yours alone, and give that file: stepup explain FILE`,
  };
}

/** Headers that curl sends as they are, and that no server takes (RFC 9110 §5.5, RFC 9112 §5.1). */
export function headerFindings(request: HttpRequest | CurlRequest): Finding[] {
  if (!('unexpanded' in request)) return [];
  return request.headers.flatMap(([name, value]): Finding[] => {
    const finding = {
      check: 'header',
      ok: false,
      expected: 'a name, and a value on one line',
      rank: RANKS.form,
    };
    const shownName = shownText(name.trim());
    if (request.unexpanded.has(name.trim().toLowerCase())) return [];
    if (/\s/.test(name)) {
      const cause = `The name of the header ${shownName} has a blank before or within it, or before its colon: servers refuse that.`;
      return [{ ...finding, actual: `${shownName} with a blank`, cause, hint: 'Write: -H "NAME: VALUE"' }];
    }
    const character = CONTROL.exec(value)?.[0];
    if (character === undefined) return [];
    const what = { '\r': 'a carriage return (CR)', '\n': 'a line end' }[character] ?? 'a control character';
    const cause = `The header ${shownName} has ${what} in its value: curl sends it as it is, and servers refuse that.`;
    const hint =
      character !== '\r'
        ? 'Put its value on one line.'
        : 'A file of Windows has a CR at its end: take it off, for example with tr -d "\\r\\n" < FILE';
    return [{ ...finding, actual: `${shownName} with ${what}`, cause, hint }];
  });
}

const CONTROL = /[^\P{Cc}\t]/u;

function missing(request: HttpRequest): Authorization {
  const { url, target } = request;
  if (isOfPrelude(request)) {
    return {
      finding: {
        check: 'authorization',
        ok: null,
        expected: EXPECTED,
        actual: 'none; not every call of Prelude has one',
      },
    };
  }
  if (/[?&]access_token=/.test(url ?? target ?? '')) {
    const cause = 'The token is in the address, where logs and browsers keep it, and few servers look for it.';
    return bad('none, but access_token in the query', cause, 'Send it in a header: Authorization: Bearer TOKEN');
  }
  const hint = 'A proxy may take it off, and a redirect to another host does: curl and browsers drop it then.';
  return bad('none', 'The request carries no token: there is no header Authorization.', hint);
}

function bad(actual: string, cause: string, hint: string, token?: string): Authorization {
  return {
    finding: { check: 'authorization', ok: false, expected: EXPECTED, actual, cause, hint, rank: RANKS.form },
    // What is around the token has been said.
    token: token === undefined ? undefined : bareToken(token),
  };
}
