/** Which stored login configuration an entry of the file is: the file has no ids, and an id that clients send must outlive an apply. */
import { isDeepStrictEqual } from 'node:util';
import type { OtpLogin } from '../../providers/prelude/management-login.js';
import { canonicalOtpLogin } from './canonical.js';
import type { FileOtpLogin } from './document.js';

/** One without `stored` is to be added, one without `wanted` removed. */
export interface OtpPair {
  stored?: OtpLogin;
  /** With the stored `code_size` where the file names none: that is the service's choice then. */
  wanted?: FileOtpLogin;
}

/** Pairs what is the same, then what is but for being the default, then the defaults of a channel, then its others in their order. */
export function pairOtpLogins(stored: readonly OtpLogin[], wanted: readonly FileOtpLogin[]): OtpPair[] {
  const left = [...stored];
  const found = new Map<FileOtpLogin, OtpLogin>();
  const pass = (fits: (one: OtpLogin, other: FileOtpLogin) => boolean): void => {
    for (const entry of wanted) {
      const at = found.has(entry) ? -1 : left.findIndex((one) => fits(one, entry));
      if (at >= 0) found.set(entry, ...(left.splice(at, 1) as [OtpLogin]));
    }
  };
  const sameChannel = (one: OtpLogin, other: FileOtpLogin): boolean => one.channel_type === other.channel_type;
  pass((one, other) => isDeepStrictEqual(canonicalOtpLogin(one), wantedOf(one, other)));
  const aside = { is_default: false };
  pass((one, other) =>
    isDeepStrictEqual({ ...canonicalOtpLogin(one), ...aside }, { ...wantedOf(one, other), ...aside }),
  );
  pass((one, other) => sameChannel(one, other) && one.is_default && other.is_default);
  pass(sameChannel);
  return [
    ...wanted.map((entry) => {
      const one = found.get(entry);
      return one ? { stored: one, wanted: wantedOf(one, entry) } : { wanted: canonicalOtpLogin(entry) };
    }),
    ...left.map((one) => ({ stored: one })),
  ];
}

function wantedOf(stored: OtpLogin, wanted: FileOtpLogin): FileOtpLogin {
  const code_size = wanted.code_size ?? stored.code_size;
  return canonicalOtpLogin({ ...wanted, ...(code_size ? { code_size } : {}) });
}
