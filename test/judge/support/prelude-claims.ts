/** What the SDK shows of an access token. */

/** The scopes of an access token: one string, split at blanks; empty or absent means none. */
export function scopes(claims: Record<string, unknown> | null | undefined): string[] {
  const scope = claims?.scope ?? '';
  if (typeof scope !== 'string') throw new Error(`\`scope\` is no string: ${JSON.stringify(scope)}`);
  return scope.split(' ').filter((name) => name !== '');
}
