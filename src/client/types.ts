/** What a program gives the client, and gets from it. */
import type {
  Challenge,
  CheckResult,
  Grant,
  LoginMethod,
  PendingStep,
  ProviderName,
  RequestOptions,
  SessionInfo,
  StepEvent,
} from '../providers/provider.js';

export type {
  Challenge,
  ChallengeStep,
  CheckResult,
  Choice,
  Grant,
  LoginMethod,
  Method,
  Option,
  PendingStep,
  ProviderName,
  RequestOptions,
  SessionInfo,
  StepAnswer,
  StepEvent,
  StepKind,
} from '../providers/provider.js';

/** Answers the steps of a step-up that `fetch` and `token` find necessary. What is missing cannot be answered. */
export interface Answers {
  /** The code that was sent for a step (or that an app shows). Asked again when one was refused; a step has three tries. */
  code?: ((step: PendingStep) => string | Promise<string>) | undefined;
  /** Prelude: the verification token of a custom step, which the backend signs. */
  verificationToken?: ((step: PendingStep) => string | Promise<string>) | undefined;
  /** The id of one of the step's `choices`. Default: the first, which the service prefers. */
  choose?: ((step: PendingStep) => string | Promise<string>) | undefined;
}

/**
 * Which application, as the flags of every command name it; without any, what `STEPUP_*` variables and the current profile name. And what
 * the client may do.
 */
export interface ClientOptions {
  profile?: string | undefined;
  /** An emulator's address, or `running` for the only one on this machine. */
  emulator?: string | undefined;
  /** One of its tenants. */
  tenant?: string | undefined;
  provider?: ProviderName | undefined;
  /** Prelude: id of the application. */
  app?: string | undefined;
  /** Prelude: its domain, where that is not the service's own. */
  domain?: string | undefined;
  /** Dynamic: id of the environment. */
  environment?: string | undefined;
  /** Dynamic: base address of the API. */
  apiUrl?: string | undefined;
  /** Origin of the app, for passkeys and wallets. */
  origin?: string | undefined;
  /** Folder of the store. Default: `STEPUP_HOME`, else the one that the commands use. */
  home?: string | undefined;
  /** Seconds that one wait for the service may take. Default: 30. */
  timeoutSeconds?: number | undefined;
  /** Origins of your APIs to which tokens may go, beside those that `--allow-origin` has kept for the application. */
  allowOrigins?: readonly string[] | undefined;
  answers?: Answers | undefined;
}

export interface TokenResult {
  /** Prelude: it holds the scopes that were asked for. */
  accessToken: string;
  /** Dynamic, where scopes were asked for: goes beside the access token. */
  elevatedToken?: string | undefined;
  /** When the first of them ends, ISO 8601. */
  expiresAt: string;
  /** They are for one use, and are not in the store any more. */
  singleUse: boolean;
}

/** What `fetch` takes: of what the global one does what means something here, and more. */
export interface ClientRequestInit extends Pick<RequestInit, 'method' | 'headers' | 'body' | 'signal'> {
  /** As the global fetch wants it beside a stream; the body is read whole before anything is sent. */
  duplex?: 'half';
  /** Scopes whose token goes along, and to step up for when the API asks. */
  scope?: string | readonly string[] | undefined;
  /** Dynamic: the header of the elevated token. Default: `x-dyn-elevated-access-token`. */
  elevatedHeader?: string | undefined;
  /** Those to another origin are never followed. Default: `follow`. */
  redirect?: 'follow' | 'manual' | 'error' | undefined;
}

export interface Client {
  readonly provider: ProviderName;
  /** Logs a user in; the last event is `logged-in`. */
  login(method: LoginMethod): AsyncGenerator<StepEvent, void>;
  /** Ends the session at the service and in the store. False when nobody was logged in. */
  logout(): Promise<boolean>;
  /** Who is logged in, from the store. */
  session(): Promise<SessionInfo | undefined>;
  /** Whether step-up is needed for a scope now. */
  check(scope: string): Promise<CheckResult>;
  /** Asks for scopes. Each `step` event waits for `step.answer(…)`; the last event is `granted` or `blocked`. */
  request(scope: string | readonly string[], options?: RequestOptions): AsyncGenerator<StepEvent, void>;
  /** Goes on with a challenge that was left, by this program or by another on the same store. */
  resume(challengeId: string): AsyncGenerator<StepEvent, void>;
  /** Open challenges, oldest first. */
  challenges(): Promise<Challenge[]>;
  /** Scopes that are held, oldest first. */
  grants(): Promise<Grant[]>;
  /** The session's token; with scopes one that holds them all, by stepping up with the client's `answers` where none does. */
  token(options?: { scope?: string | readonly string[] | undefined }): Promise<TokenResult>;
  /**
   * Calls an API as the user. When it asks for a scope that was named, the client steps up with its `answers` and calls once more;
   * otherwise the API's answer is the answer. Rejects with StepupError, as all of them do: `ORIGIN_NOT_ALLOWED` before a token goes out.
   */
  fetch(url: string | URL, init?: ClientRequestInit): Promise<Response>;
  /** Ends what is under way. The program ends by itself, with or without it. */
  close(): void;
}
