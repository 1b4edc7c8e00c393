/**
 * What a step-up service is to the rest of the program. Prelude's challenges and Dynamic's check → verify → proceed both
 * fit: a verification under way at Dynamic is a challenge with a local id.
 */

export type ProviderName = 'prelude' | 'dynamic';

/** The facts of a challenge, under the names of Prelude's `onChallenge` (reference/prelude §7.5). */
export interface Challenge {
  challengeId: string;
  /** The scope asked for; several have blanks between them, as in a token. Empty where a code was sent before a scope was named. */
  scopeRequested: string;
  /** Key of the step to do now, or `completed`. */
  currentStep: string;
  steps: ChallengeStep[];
  userId: string;
  sessionId: string;
  metadata?: Record<string, string> | undefined;
  /** Present where it was started for somebody else to answer. */
  detached?: true | undefined;
  /** When the challenge can no longer be answered, ISO 8601. */
  expiresAt: string;
}

/** How a challenge ended. */
export interface EndedChallenge {
  challengeId: string;
  scopes: string[];
  /** `over`: its time passed. `refused`: the service ended it, or granted something else. */
  outcome: 'granted' | 'discarded' | 'over' | 'refused';
  /** ISO 8601. */
  endedAt: string;
  /** The service's own word for `refused`, where it gave one. */
  serviceCode?: string | undefined;
  /** Where it was granted: everything but the token. */
  grant?: Omit<Grant, 'token'> | undefined;
}

export type ChallengeState = { state: 'open'; challenge: Challenge } | { state: 'ended'; ended: EndedChallenge };

export interface ChallengeStep {
  order: number;
  /** `verify_sms`, `verify_email`, `verify_totp`, `verify_wallet` …, or a custom key. */
  key: string;
  /** What it takes. For an `otp` a code is sent as soon as the walk goes on. */
  kind: StepKind;
  done: boolean;
  /** Seconds. */
  expirationDuration: number;
}

/** An elevated access token, kept apart from the session's own. */
export interface Grant {
  scopes: string[];
  token: string;
  /** When the token ends, ISO 8601. */
  expiresAt: string;
  grantedAt: string;
  /** True when the service grants it for one use; it is gone after it was spent. */
  singleUse: boolean;
  /** The service's own word: `single-use`, `session-bound`, `profile-bound`. */
  mode?: string | undefined;
  /** Steps or factors that proved it, in order, e.g. `verify_sms`. */
  factors: string[];
  challengeId?: string | undefined;
}

/** `choice` asks which way to go; `passkey`, `wallet` and `assertion` are done by the provider itself, with what it has at hand. */
export type StepKind =
  'choice' | 'otp' | 'totp' | 'recovery' | 'passkey' | 'wallet' | 'assertion' | 'browser' | 'custom';

/** One way to do a step, when there are several (an email and a phone number, two devices). */
export interface Choice {
  id: string;
  label: string;
}

/** What the caller says to a step. `code` for otp, totp and recovery; `token` for a custom step's verification token. */
export type StepAnswer = { code: string } | { token: string } | { choice: string } | { redirect: string };

/** How a scope is to be proved. `mfa` and `reauth` are the families; the others one method each. */
export type Method = 'mfa' | 'reauth' | 'email' | 'sms' | 'wallet' | 'passkey' | 'totp' | 'recovery';

/** Every method, for a flag that names one. */
export const METHODS: readonly Method[] = ['mfa', 'reauth', 'email', 'sms', 'wallet', 'passkey', 'totp', 'recovery'];

/**
 * A step that waits for its answer. Call `answer` or `resend` before taking the next event: the provider acts when the
 * iteration goes on. Leaving the iteration instead keeps the challenge, to be taken up by `resume`.
 */
export interface PendingStep {
  /** Absent while logging in. */
  challengeId?: string | undefined;
  /** `verify_sms`, `verify_email`, a custom key, `login`, or `method` for a choice between methods. */
  key: string;
  kind: StepKind;
  /** For a `choice` only. The first one is the service's own preference. */
  choices: Choice[];
  /** The flags that answer a `choice` beforehand, as they are typed. */
  choiceFlags?: string | undefined;
  /**
   * A code that can be computed here, from a secret in the store. May wait for the next one when the present one was used (at most
   * a minute). Undefined when it has nothing better than what was refused; throws InterruptedError.
   */
  compute?: (() => Promise<string | undefined>) | undefined;
  /** Where the code went, as far as it is known: `sms` or `email`. */
  channel?: 'sms' | 'email' | undefined;
  /** Scope that is asked for; absent while logging in. */
  scope?: string | undefined;
  /** For a `custom` step: whom its verification token is about. */
  userId?: string | undefined;
  /** When the code in play was sent, ISO 8601. */
  sentAt?: string | undefined;
  /** By what the service itself knows the code in play, where that is not the challenge. */
  verificationId?: string | undefined;
  answer(answer: StepAnswer): void;
  /** For a `browser` step: the address to open. */
  url?: string | undefined;
  /** What a code looks like; without it, 4 to 8 letters or digits. */
  accepts?: { pattern: RegExp; words: string } | undefined;
  /** Present where the service can send the code again. */
  resend?: (() => void) | undefined;
}

export type StepEvent =
  /** The challenge's facts, at its start and after each step; the last one has `currentStep: 'completed'`. */
  | { type: 'challenge'; challenge: Challenge; accepts?: PendingStep['accepts'] }
  | { type: 'code-sent'; step: string; channel: 'sms' | 'email'; sentAt: string; challengeId?: string | undefined }
  | { type: 'step'; step: PendingStep }
  /** The answer was refused; the same step follows again. `code` is the service's. */
  | { type: 'step-refused'; key: string; code: string; message: string; challengeId?: string | undefined }
  | { type: 'granted'; grant: Grant }
  | { type: 'blocked'; scopes: string[] }
  /** The last event of a login. */
  | { type: 'logged-in'; session: SessionInfo };

/** Who is logged in. No secrets. */
export interface SessionInfo {
  provider: ProviderName;
  /** Host (and path, if any) of the service. */
  host: string;
  /** Application or environment. */
  application: string;
  userId: string;
  sessionId: string;
  /** The phone number or address that logged in. */
  identifier?: string | undefined;
  /** When the access token at hand ends, ISO 8601. */
  accessTokenExpiresAt?: string | undefined;
  /** Prelude: scopes that this token holds, while it lasts. */
  scopes?: string[] | undefined;
  /** RFC 7638 thumbprint of the session's DPoP key. */
  thumbprint?: string | undefined;
}

export type LoginMethod =
  /** `loginConfig` is a configuration of Prelude's other than the default one. */
  | { kind: 'phone'; phone: string; loginConfig?: string | undefined }
  | { kind: 'email'; email: string; loginConfig?: string | undefined }
  /** `signUp` makes the user. */
  | { kind: 'password'; email: string; password: string; signUp?: boolean | undefined }
  /** A social account; the browser comes back to `redirectUri`. */
  | { kind: 'oauth'; provider: string; redirectUri: string }
  /** `using` is the id of one passkey; without it the only one is taken, or the person chooses. */
  | { kind: 'passkey'; using?: string | undefined }
  /** `using` is the name of one wallet of the store. */
  | { kind: 'wallet'; using?: string | undefined }
  /** A token of the developer's own backend. */
  | { kind: 'jwt'; jwt: string };

/** What a request may carry beside its scopes. A provider refuses what it does not know. */
export interface RequestOptions {
  /** Facts for Prelude's hook, and for whoever answers a detached challenge; without `detached` a service that has no hook refuses them. */
  metadata?: Record<string, string> | undefined;
  /** The challenge is for somebody else to answer: its facts are the last event of the iteration, and no code is sent. */
  detached?: boolean | undefined;
  /** How to prove it; without one the provider finds the way, and asks where there are several. */
  method?: Method | undefined;
  /** Id of the credential, wallet, device or passkey to prove it with. */
  using?: string | undefined;
  /** A token of the developer's own backend that vouches for the user, in place of a proof. */
  assertion?: string | undefined;
}

/** One way to prove a scope, as the service lists it. */
export interface Option {
  id: string;
  method: Exclude<Method, 'mfa' | 'reauth'> | 'social' | 'other';
  /** Address, number or name; the user's own data. */
  label?: string | undefined;
}

export interface CheckResult {
  scope: string;
  /** True when step-up is needed. */
  required: boolean;
  /** Why: `check-failed` where the service could not be asked and the answer is the careful one; `not-required` where it needs none. */
  reason?: 'check-failed' | 'not-required' | undefined;
  /** What went wrong when `check-failed`, in words. */
  problem?: string | undefined;
  /** In which ways it can be proved, where the service says so. */
  credentials?: Option[] | undefined;
  defaultCredentialId?: string | undefined;
  /** What holds it, when it is held. */
  heldBy?: 'grant' | 'access-token' | undefined;
  /** When the token that holds it ends, ISO 8601. A bound grant may outlive it. */
  expiresAt?: string | undefined;
  /** The mode of the grant that holds it, where it is known. */
  mode?: string | undefined;
}

export interface AccessToken {
  token: string;
  /** ISO 8601. */
  expiresAt: string;
}

/**
 * What one call of the developer's own API carries. `accessToken` and `elevatedToken` are secrets: they go to an origin that the user has
 * allowed, and nowhere else.
 */
export interface ApiCredentials {
  accessToken: string;
  /** Dynamic: goes beside the access token, in a header of its own. */
  elevatedToken?: string | undefined;
  /** The scopes that were asked for; the tokens hold each of them. */
  scopes: string[];
  /** When the first of the tokens ends, ISO 8601. */
  expiresAt: string;
  /** Whether they are for one use. They are out of the store then, so that no two calls have them. */
  singleUse: boolean;
  /**
   * Signs a proof of possession for one request (RFC 9449 §4.2, with `ath`). Present only where the access token is bound to a key
   * (`cnf.jkt`). `url` is the request's; `nonce` the API's own, where it has given one.
   */
  proof?: ((request: { method: string; url: string; nonce?: string | undefined }) => Promise<string>) | undefined;
  /** Puts a grant for one use back: nothing of it was sent, or whoever got it has not looked at it. */
  giveBack(): Promise<void>;
}

/** A session of the user, as far as the service tells. Instants are ISO 8601. */
export interface SessionEntry {
  sessionId: string;
  /** Whether it is the one that is open here. */
  current: boolean;
  /** The identity that opened it, where it is known. */
  identifier?: string | undefined;
  device?: string | undefined;
  /** ISO 3166-1 alpha-2. */
  country?: string | undefined;
  createdAt?: string | undefined;
  lastSeenAt?: string | undefined;
  expiresAt?: string | undefined;
}

/**
 * Every call throws the classes of `errors.ts`: SessionError when nobody is logged in or the session is over, RefusedError
 * for the service's no, UnreachableError when it cannot be had, UsageError for input that is wrong before the network.
 */
export interface Provider {
  readonly name: ProviderName;
  /** What the codes look like that it sends; without it, 4 to 8 letters or digits. */
  readonly codeForm?: PendingStep['accepts'];
  login(method: LoginMethod): AsyncGenerator<StepEvent, void>;
  /** Ends the session at the service and here. False when nobody was logged in. */
  logout(): Promise<boolean>;
  /** Who is logged in, from the store; undefined when nobody is. Never calls the service. */
  session(): Promise<SessionInfo | undefined>;
  /** A token that is good for at least ten seconds; refreshes the session when it has to, once across all processes. */
  accessToken(): Promise<AccessToken>;
  /**
   * What a call of the developer's own API carries, its access token fresh. With scopes: what holds all of them, a lasting grant before
   * one for a single use, which this takes; undefined when nothing that is held does. Without: the session's own access token. Sends
   * nothing but a refresh that is due.
   */
  credentialsFor(scopes: readonly string[]): Promise<ApiCredentials | undefined>;
  /** The user's sessions, a page of them; `total` counts all. Throws SessionError NOT_LOGGED_IN. */
  sessions(page: { limit: number; offset: number }): Promise<{ sessions: SessionEntry[]; total: number }>;
  /** Whether step-up is needed for this scope now. */
  check(scope: string): Promise<CheckResult>;
  /** Asks for scopes. The iteration ends after `granted` or `blocked`. */
  request(scopes: string[], options: RequestOptions): AsyncGenerator<StepEvent, void>;
  /** Goes on with a challenge that was left. Does not send a code again when one is under way. */
  resume(challengeId: string): AsyncGenerator<StepEvent, void>;
  /** Open, unexpired challenges, oldest first. */
  challenges(): Promise<Challenge[]>;
  /**
   * How a challenge stands, from the store; for about a day also how it ended. Undefined for one that this session knows nothing of.
   * Throws SessionError NOT_LOGGED_IN, and SESSION_OVER for an open one that nobody can answer any more. Never calls the service.
   */
  challengeState(challengeId: string): Promise<ChallengeState | undefined>;
  /** Forgets a challenge here. Throws UsageError CHALLENGE_UNKNOWN. */
  discard(challengeId: string): Promise<void>;
  /** Unexpired elevated tokens, oldest first. */
  grants(): Promise<Grant[]>;
  /** Sends the code of a challenge's current OTP step: a first one, or (`again`) the retry call. */
  sendCode(challengeId: string, options: { again: boolean }): Promise<Extract<StepEvent, { type: 'code-sent' }>>;
  /**
   * Checks one code. Throws RefusedError CODE_WRONG with the challenge kept; the grant comes when it was the last step. `scopes` are
   * for a challenge that was opened without one.
   */
  checkCode(
    challengeId: string,
    code: string,
    scopes?: string[],
  ): Promise<{ challenge: Challenge; grant?: Grant | undefined }>;
  /** Forgets pending codes and challenges, and with `grants` the elevated tokens; never the login. Sends nothing. */
  reset(options: { grants: boolean }): Promise<{ challenges: number; grants: number }>;
}
