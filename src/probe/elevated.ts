/** Requests in which Dynamic's two tokens do not belong together (Dynamic: elevated access tokens). */
import type { Attempt, Claims, ProbeWorld, TokenHeaders, Trial } from './attempt.js';
import type { Presenter } from './bearer.js';

const BOTH = 'Demand both tokens, each in its own header, and verify each.';
const SAME = 'Compare sub and sid of the elevated token with those of the access token.';

/** The requests; none at Prelude. */
export function elevatedTrials(
  { provider, mint, credentials, elevatedHeader }: ProbeWorld,
  presenter: Presenter,
): Trial[] {
  if (provider !== 'dynamic') return [];
  const { accessToken } = credentials;
  const { claims, show } = presenter;
  const { sub, sid } = claims();
  const bearer = (token: string): TokenHeaders => ({ authorization: `Bearer ${token}` });
  const trial = (
    name: string,
    hint: string,
    refusal: Attempt['refusal'],
    present: (
      elevated: (changes?: Claims) => Promise<string>,
      access: (defect: string) => Promise<string>,
    ) => Promise<TokenHeaders>,
  ): Trial => {
    if (!mint) return { name, why: 'Only an emulator issues such a token: point the API and stepup at one.' };
    const elevated = async (changes?: Claims): Promise<string> => (await mint('none', claims(changes))).token;
    const access = async (defect: string): Promise<string> => (await mint(defect, { sub, sid })).token;
    return { name, hint, refusal, minted: true, present: () => present(elevated, access) };
  };
  const inBoth = { ...bearer(accessToken), [elevatedHeader]: accessToken };
  return [
    {
      name: 'the access token in both places',
      hint: 'Demand the scope of the elevated token.',
      refusal: 'open',
      present: () => Promise.resolve(inBoth),
    },
    trial('the elevated token alone', BOTH, 'open', async (elevated) => ({ [elevatedHeader]: await elevated() })),
    trial('the elevated token in both places', BOTH, 'open', async (elevated) => {
      const token = await elevated();
      return { ...bearer(token), [elevatedHeader]: token };
    }),
    trial("another user's elevated token", SAME, 'open', async (elevated) =>
      show(await elevated({ sub: 'stepup-probe-other-user', sid: undefined }), undefined),
    ),
    trial("another session's elevated token", SAME, 'open', async (elevated) =>
      show(await elevated({ sid: undefined }), undefined),
    ),
    trial('an expired access token', 'Check exp of the access token, too.', 'token', async (elevated, access) => ({
      ...bearer(await access('expired')),
      [elevatedHeader]: await elevated(),
    })),
    trial('an access token by another key', 'Verify the access token, too.', 'token', async (elevated, access) => ({
      ...bearer(await access('wrong-key')),
      [elevatedHeader]: await elevated(),
    })),
  ];
}
