/** Types of the emulator's public contract that both its server and the commands need. */

/** Where the emulated Prelude application is, for a client of it. */
export interface PreludeReady {
  appId: string;
  /** Host, port and path for the SDK's `domain`; always spoken over https. */
  sessionDomain: string;
  managementUrl: string;
  managementKey: string;
  issuer: string;
  jwksUrl: string;
}

/** Where the emulated Dynamic environment is, for a client of it. */
export interface DynamicReady {
  environmentId: string;
  /** What the official client takes as its `apiBaseUrl`. */
  apiBaseUrl: string;
  issuer: string;
  jwksUrl: string;
}

/** The line that `emulator start --json` prints when it can answer, also kept in `emulators/PORT.json`. */
export interface Ready {
  type: 'ready';
  url: string;
  httpsUrl: string;
  /** Path of the leaf certificate in PEM. */
  caCert: string;
  controlUrl: string;
  controlToken: string;
  prelude: PreludeReady;
  dynamic: DynamicReady;
}

export interface StartOptions {
  /** Address of this machine to listen on. One that other machines reach needs `allowRemote`. */
  host: string;
  /** 0 picks a free port. */
  port: number;
  /** 0 picks a free port; undefined listens on http only (then `httpsUrl` and `caCert` are empty strings). */
  httpsPort: number | undefined;
  /** Folder of the certificate and the signing keys, made on first use; owner-only. */
  folder: string;
  /** `redis://…` or `rediss://…`: everything is kept there, for every emulator of this store. Absent: in memory. */
  store?: string | undefined;
  /** In which state it starts, and to which a reset brings it back: a YAML or JSON file, or what would be in one. */
  seed?: string | object | undefined;
  /** A file that `exportOnExit` or `GET /state` gave: it starts with that. It holds secrets. */
  import?: string | undefined;
  /** A file that everything is written to when it stops, for its owner only. It holds secrets. */
  exportOnExit?: string | undefined;
  /** Ids and codes follow from this text instead of chance. Signing keys never do. Not with `store`. */
  rngSeed?: string | undefined;
  /** Origin under which others reach it, e.g. `https://stepup.test.example.com`: its addresses, issuers and certificate have it. */
  publicUrl?: string | undefined;
  /** Lets `host` be an address that other machines reach. Default: no. */
  allowRemote?: boolean | undefined;
  /** `HOST:PORT` of each backend off this machine that hooks and key sets may be called at. */
  allowCallback?: readonly string[] | undefined;
  /** Records of one kind (users, sessions, challenges …) that a tenant holds: the oldest go. Default 10,000. */
  maxRecords?: number | undefined;
  /** Token of the control API; when absent that of the store, or a random one. */
  controlToken?: string | undefined;
  /** Called with each event as it happens (what `/events` streams). */
  onEvent?: ((event: EmulatorEvent) => void) | undefined;
  /** Called with each error that is a bug of the emulator. */
  onBug?: ((error: Error) => void) | undefined;
  /** Whether nobody else runs in this process: then it answers faster, by changing globals. Default: no. */
  ownsProcess?: boolean | undefined;
  /** What `/health` tells. */
  version?: string | undefined;
  /** Folder of the web page's files. Default: where the build puts them. */
  uiFolder?: string | undefined;
}

export interface RunningEmulator {
  ready: Ready;
  /** Port of the http listener, whatever the public address says. */
  port: number;
  /** Finishes requests under way (at most two seconds), then closes both listeners. */
  stop(): Promise<void>;
}

/** One thing that happened. Never carries an OTP, a token or a key. */
export interface EmulatorEvent {
  id: number;
  type: string;
  /** ISO 8601, real time. */
  at: string;
  tenant: string;
  [field: string]: unknown;
}

/** A message that was "sent". */
export interface Message {
  id: string;
  channel: 'sms' | 'email';
  to: string;
  code: string;
  purpose: 'login' | 'step-up' | 'register';
  provider: 'prelude' | 'dynamic';
  challengeId: string | null;
  suppressed: boolean;
  /** Why a suppressed one never arrives. */
  reason?: string | undefined;
  createdAt: string;
}
