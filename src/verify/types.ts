/** What a backend gives `stepup/verify` and gets from it. */
/** An application at Prelude: its address (`https://APP.session.prelude.dev`, or a domain of your own), or issuer and key set apart. */
export type PreludeService =
  | string
  /** From variables of the environment, as they may be: TypeError for one that is missing. */
  | { issuer: string | undefined; jwksUrl: string | undefined };

/** An environment at Dynamic. */
export interface DynamicService {
  /** From a variable of the environment, as it may be: TypeError when it is missing. */
  environmentId: string | undefined;
  /** Base address of the API. Default: `https://app.dynamicauth.com/api/v0`. */
  apiUrl?: string | undefined;
  /** `iss` of its tokens, where the address does not tell it. */
  issuer?: string | undefined;
  /** Header in which the elevated token comes. Default: `x-dyn-elevated-access-token`. */
  elevatedHeader?: string | undefined;
}

/** Whose tokens are believed: one of the two. */
export type Service =
  { prelude: PreludeService; dynamic?: undefined } | { dynamic: DynamicService; prelude?: undefined };

/** Nonces of the backend's own in DPoP proofs (RFC 9449 §9). */
export interface ProofNonces {
  /** One for the client's next proof. */
  issue(): string | Promise<string>;
  /** Whether one is of this backend and still good. */
  accepts(nonce: string): boolean | Promise<boolean>;
}

export interface VerifierOptions {
  /** Milliseconds since the epoch, by which every instant is judged. Default: the machine's clock. */
  now?: (() => number) | undefined;
  /** Seconds by which the service's clock may differ from it. Default: 15. */
  clockTolerance?: number | undefined;
  /**
   * The address at which clients reach `/` of this backend, with what a proxy takes off the path. Tokens that are bound to a key need it:
   * a request's own `Host` is whatever the caller says. Only where the socket of `node:http` tells that the caller is on this machine it
   * can be left out.
   */
  publicUrl?: string | undefined;
  /** Seconds by which the time in a DPoP proof may be off, either way. Default: 60. */
  proofWindow?: number | undefined;
  /**
   * Takes what counts once (a proof, a token for a single use): true the first time, false until `expiresAt` (milliseconds) after that.
   * Has to be atomic, and shared by all processes of the backend. Default: the memory of this process.
   */
  firstUse?: ((id: string, expiresAt: number) => boolean | Promise<boolean>) | undefined;
  /** Whether a session is over before its tokens are. Default: nobody is asked. */
  isRevoked?: ((sessionId: string, claims: Claims) => boolean | Promise<boolean>) | undefined;
  /** Makes proofs carry a nonce. Default: none. */
  nonces?: ProofNonces | undefined;
  /** Lets the key set be fetched by plain http beyond this machine: for an emulator in a container. */
  insecure?: boolean | undefined;
}

export interface SessionDemand {
  /** Seconds since the user proved who they are: `auth_time`, at Dynamic also the elevated token's `iat` (RFC 9470). */
  maxAge?: number | undefined;
  /** One of these has to be the token's `acr` (RFC 9470). */
  acrValues?: readonly string[] | undefined;
}

export interface ScopeDemand extends SessionDemand {
  /**
   * Takes a token for this scope once. Dynamic says of its tokens which are for a single use, and those always are; Prelude does not, so
   * a `single-use` scope needs it.
   */
  once?: boolean | undefined;
}

/** A `Request` of fetch, as Hono (`c.req.raw`), Next.js, Bun and Deno have it. */
export interface FetchRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: { get(name: string): string | null };
}

/** A request of `node:http`, as Express, Fastify (`request.raw`) and Koa (`ctx.req`) have it. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Express: `url` before a router took its own path off. */
  readonly originalUrl?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawHeaders?: readonly string[] | undefined;
  readonly socket?: object | null | undefined;
}

/** What is used of an answer of `node:http`. */
export interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): { end(text: string): unknown };
}

export type Claims = Record<string, unknown>;

/** The request may come in. */
export interface Admission {
  ok: true;
  userId: string;
  sessionId: string;
  /** Every scope that the request's tokens hold. */
  scopes: string[];
  /** Claims of the access token. */
  claims: Claims;
  /** Dynamic: claims of the elevated token, where one came along. */
  elevated?: Claims;
}

/** What a refusal is about. The first has no `error` on the wire (RFC 6750 §3.1). */
export type RefusalError =
  | 'unauthorized'
  | 'invalid_request'
  | 'invalid_token'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'
  | 'temporarily_unavailable';

/** The request may not come in, and this is the answer to it. Nothing of a token is in it. */
export interface Refusal {
  ok: false;
  status: number;
  error: RefusalError;
  /** For the log, in words. */
  reason: string;
  /** Where something of the backend's own failed: what it threw. */
  cause?: unknown;
  headers: Record<string, string>;
  body: { error: RefusalError; error_description?: string; scope?: string };
  /** As an answer of fetch. */
  response(): Response;
  /** Writes it to an answer of `node:http`, and ends that. */
  send(response: NodeResponse): void;
}

export interface Verifier {
  /**
   * Whether the request comes with a good access token, of whatever scopes. Never rejects because of what is in the request. Throws
   * TypeError when the demand is none.
   */
  requireSession(request: FetchRequest | NodeRequest, demand?: SessionDemand): Promise<Admission | Refusal>;
  /**
   * Whether the request comes with a good token that holds the scope, or each of several with blanks between, word for word. Never rejects
   * because of what is in the request. Throws TypeError when the scope is none.
   */
  requireScope(request: FetchRequest | NodeRequest, scope: string, demand?: ScopeDemand): Promise<Admission | Refusal>;
}
