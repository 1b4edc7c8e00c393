/**
 * How deep the brackets of a JSON text nest outside its strings; 0 for none. Counted on the text, before a parser or a schema walks it:
 * what nests too deep overflows whoever does. Sign by sign, as a regular expression overflows on a string of some megabytes.
 */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (quoted) {
      if (sign === '\\') at++;
      else if (sign === '"') quoted = false;
    } else if (sign === '"') quoted = true;
    else if (sign === '{' || sign === '[') deepest = Math.max(deepest, ++depth);
    else if (sign === '}' || sign === ']') depth--;
  }
  return deepest;
}
