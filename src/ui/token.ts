/** The control token, as it comes in the fragment of the page's address. */

const TOKEN = /(?:^|[#&])token=([^&]+)/;

/** The token of a fragment such as `#token=abc`; undefined when it has none, or one that is no text. */
export function tokenInFragment(fragment: string): string | undefined {
  const encoded = TOKEN.exec(fragment)?.[1];
  return encoded === undefined ? undefined : decoded(encoded);
}

/** The token in what somebody has pasted: the whole address that `emulator start` prints, or the token itself. */
export function tokenInPaste(text: string): string | undefined {
  const trimmed = text.trim();
  return tokenInFragment(trimmed) ?? (/^[\x21-\x7e]+$/.test(trimmed) && !trimmed.includes('://') ? trimmed : undefined);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // A fragment that was cut in the middle of a character.
    return undefined;
  }
}
