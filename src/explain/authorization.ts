/** How a request carries its token: the header, the scheme, and what a shell has made of it (RFC 6750 §2, RFC 9449 §7.1). */
import { RANKS, type Finding } from './check.js';
import type { CurlRequest } from './curl.js';
import { isOfPrelude, valuesOf, type HttpRequest } from './http-message.js';
import { looksLikeToken } from './jws.js';
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
  const [, scheme, colon, rest = ''] = /^([A-Za-z][\w-]*)(:?)[ \t]+(.*)$/s.exec(value) ?? [];
  if (scheme === undefined) {
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
    token,
  };
}
