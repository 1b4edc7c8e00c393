import { describe, expect, it } from 'vitest';
import { readChallengeToken } from '../../../src/providers/prelude/tokens.js';
import { jwt } from '../../support/prelude-service.js';

const claims = {
  challenge_id: 'chl_01',
  scope_requested: 'transfer:write',
  current_step: 'verify_sms',
  steps: [{ order: 1, key: 'verify_sms' }],
  sub: 'usr_01',
  sid: 'ses_01',
  exp: 1_772_366_700,
  jti: 'jti-1',
};

describe('a challenge token', () => {
  it('is read as it is', () => {
    expect(readChallengeToken(jwt(claims))).toMatchObject({ challenge_id: 'chl_01', current_step: 'verify_sms' });
  });

  it.each([
    { challenge_id: 'chl_\u001b[2J' },
    { scope_requested: 'a\u009b2J' },
    { current_step: 'verify\u0007' },
    { sub: 'usr\n' },
    { steps: [{ order: 1, key: '\u001b]0;title\u0007' }] },
  ])('with a control character in what is shown is malformed: %j', (changed) => {
    expect(() => readChallengeToken(jwt({ ...claims, ...changed }))).toThrow(
      expect.objectContaining({
        code: 'ANSWER_MALFORMED',
        message: 'The service sent a challenge token that cannot be read.',
      }),
    );
  });
});
