/** Runs in the page: the SDK's session client, unmodified, with every outcome as plain data. */
import {
  PrldSessionClient,
  type ListSessionsOptions,
  type RevokeTarget,
  type StepUpChallengeInfo,
} from '@prelude.so/js-sdk/session';

/** What of the browser the driver uses itself. */
declare const location: { origin: string };
declare const localStorage: { getItem(key: string): string | null; setItem(key: string, value: string): void };

// The package exports neither of these, and its own declarations are lost to a resolution that wants file extensions.
type OAuthProvider = 'google' | 'apple' | 'microsoft' | 'github' | 'okta';

interface SessionPage {
  sessions: (Record<string, string> & { id: string })[];
  total: number;
  limit: number;
  offset: number;
}

/** What the SDK keeps of an open challenge in `localStorage`. */
interface ChallengeEntry {
  body: { app_id: string; challenge_token: string; expires_at: number };
  expiresAt: number;
}

const keyOfChallenge = (id: string): string => `prld.step-up.::${id}`;

let client: PrldSessionClient;
let told: StepUpChallengeInfo[] = [];
const onChallenge = (challenge: StepUpChallengeInfo): void => void told.push(challenge);

const driver = {
  open: (domain: string): void => {
    client = new PrldSessionClient({ domain });
    told = [];
  },
  startEmailLogin: (email: string) => client.startOTPLogin({ identifier: { type: 'email_address', value: email } }),
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
  /** Makes the access token at hand count as old, for every tab. */
  invalidateCache: () => client.invalidateCache(),
  logout: () => client.logout(),
  sessionId: () => client.getSessionId(),
  listSessions: (options?: ListSessionsOptions): Promise<SessionPage> => client.listSessions(options),
  revokeSessions: (target: RevokeTarget, sessionId?: string) => client.revokeSessions(target, sessionId),
  signUp: (identifier: string, password: string) => client.signUpWithEmail({ identifier, password }),
  loginWithPassword: (identifier: string, password: string) => client.loginWithPassword({ identifier, password }),
  passwordCompliancy: () => client.getPasswordCompliancy(),
  validatePassword: (password: string) => client.validatePassword(password),
  initiateOAuth: (provider: OAuthProvider) => client.initiateOAuthLogin({ provider, redirectURI: location.origin }),
  /** Answers at once; the page then leaves for the provider. */
  leaveForOAuth: (provider: OAuthProvider): void =>
    void client.loginWithOAuth({ provider, redirectURI: location.origin }),
  validateOAuthCallback: (params: Record<string, string>) => client.validateOAuthCallback(params),
  finalizeOAuth: (challengeToken: string) => client.finalizeOAuthLogin(challengeToken),
  /** Claims of the access token at hand. */
  claims: () => client.getProfile(),
  /** What `onChallenge` was told since the last call. */
  challenges: (): StepUpChallengeInfo[] => told.splice(0),
  /** The challenge token that the SDK keeps for a challenge; null when it keeps none. */
  keptToken: (challengeId: string): string | null => {
    const entry = localStorage.getItem(keyOfChallenge(challengeId));
    return entry === null ? null : (JSON.parse(entry) as ChallengeEntry).body.challenge_token;
  },
  /** Puts another challenge token into what the SDK keeps for a challenge, as somebody at the console can. */
  swapToken: (challengeId: string, token: string): void => {
    const key = keyOfChallenge(challengeId);
    const expiresAt = Math.floor(Date.now() / 1000) + 300;
    const body = { app_id: challengeId, challenge_token: token, expires_at: expiresAt };
    localStorage.setItem(key, JSON.stringify({ body, expiresAt } satisfies ChallengeEntry));
  },
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
