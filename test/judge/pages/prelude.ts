/** Runs in the page: the SDK's session client, unmodified, with every outcome as plain data. */
import { PrldSessionClient, type StepUpChallengeInfo } from '@prelude.so/js-sdk/session';

let client: PrldSessionClient;
let told: StepUpChallengeInfo[] = [];
const onChallenge = (challenge: StepUpChallengeInfo): void => void told.push(challenge);

const driver = {
  open: (domain: string): void => {
    client = new PrldSessionClient({ domain });
    told = [];
  },
  startLogin: (phone: string) => client.startOTPLogin({ identifier: { type: 'phone_number', value: phone } }),
  checkLogin: (code: string) => client.checkOTP(code),
  retryLogin: () => client.retryOTP(),
  request: (scope: string, metadata?: Record<string, string>) =>
    client.requestStepUp({ scope, onChallenge, ...(metadata ? { metadata } : {}) }),
  otpCreate: (challengeId: string) => client.otpCreate({ challengeId }),
  otpCheck: (challengeId: string, code: string) => client.otpCheck(challengeId, code, onChallenge),
  otpRetry: () => client.otpRetry(),
  continueStepUp: (verificationToken: string) => client.continueStepUp(verificationToken, onChallenge),
  refresh: () => client.refresh(),
  /** Gets a new access token, also while the one at hand is good. */
  forceRefresh: async (): Promise<void> => {
    await client.invalidateCache();
    await client.refresh();
  },
  logout: () => client.logout(),
  /** Claims of the access token at hand. */
  claims: () => client.getProfile(),
  /** What `onChallenge` was told since the last call. */
  challenges: (): StepUpChallengeInfo[] => told.splice(0),
};

export type PreludeDriver = typeof driver;

async function call(name: keyof PreludeDriver, args: unknown[]): Promise<unknown> {
  try {
    const value = await (driver[name] as (...values: unknown[]) => unknown)(...args);
    return { value: value ?? null };
  } catch (error) {
    return error instanceof Error
      ? { error: error.name, message: error.message }
      : { error: String(error), message: '' };
  }
}

Object.assign(globalThis, { call });
