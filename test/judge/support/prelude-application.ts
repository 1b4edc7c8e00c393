/** The application at the emulator, set up by plain calls of Prelude's management API, and its inbox. */
import type { Message, Ready } from '../../../src/emulator/emulator.js';

export interface PasswordConfig {
  enabled: boolean;
  /** Attempts a minute, of one identifier. */
  limit: number;
  compliancy: Record<'min_length' | 'max_length' | 'uppercase' | 'lowercase' | 'numbers' | 'symbols', number>;
}

export interface Application {
  /** Replaces the step-up configuration, and registers its scopes. */
  configure(config: { jwksUrl?: string; stepKeys?: string[]; allowedScopes: Record<string, unknown>[] }): Promise<void>;
  /** Removes the step-up configuration. */
  unconfigure(): Promise<void>;
  /** Makes or replaces the configuration of login by password. */
  configurePasswords(config: PasswordConfig): Promise<void>;
  /** Makes or replaces the configuration of login at an OAuth provider. */
  configureOAuth(provider: string, config: Record<string, unknown>): Promise<void>;
  /** Takes the configuration of an OAuth provider away, the one that a new application has as well. */
  removeOAuth(provider: string): Promise<void>;
  /** Creates a user with these identifiers. Answers with its id. */
  createUser(identifiers: { type: 'phone_number' | 'email_address'; value: string }[]): Promise<string>;
  /** Code of the newest message that was sent to this address. */
  newestCode(to: string): Promise<string>;
  messages(to: string): Promise<Message[]>;
  /** Makes the emulator answer the next such call with this status and body. */
  answerOnce(method: string, path: string, status: number, body: unknown): Promise<void>;
  /** Makes the next such call take this long, milliseconds. */
  delayOnce(method: string, path: string, latencyMs: number): Promise<void>;
  /** Makes everything at the emulator this much older, seconds. */
  advance(seconds: number): Promise<void>;
}

/** `tenant` is one that was made beside the default one: its id, and what the emulator has said of it. */
export function application(ready: Pick<Ready, 'controlUrl' | 'controlToken' | 'prelude'>, tenant = ''): Application {
  const manage = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${ready.prelude.managementUrl}/v2/session/apps/${ready.prelude.appId}${path}`, {
      method,
      headers: { authorization: `Bearer ${ready.prelude.managementKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  const must = async (method: string, path: string, body: unknown, statuses: number[]): Promise<unknown> => {
    const answer = await manage(method, path, body);
    if (statuses.includes(answer.status)) return answer.body;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  /** Makes or replaces a document. */
  const put = async (path: string, document: unknown): Promise<void> => {
    const { status } = await manage('GET', path);
    await (status === 404 ? must('POST', path, document, [201]) : must('PUT', path, document, [200]));
  };
  const control = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const url = new URL(`${ready.controlUrl}${path}`);
    if (tenant !== '') url.searchParams.set('tenant', tenant);
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${ready.controlToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const messages = async (to: string): Promise<Message[]> =>
    ((await control('GET', `/messages?to=${encodeURIComponent(to)}`)) as { messages: Message[] }).messages;

  return {
    messages,
    async answerOnce(method, path, status, body) {
      await control('POST', '/faults', { match: { method, path }, times: 1, do: { status, body } });
    },
    async delayOnce(method, path, latencyMs) {
      await control('POST', '/faults', { match: { method, path }, times: 1, do: { latencyMs } });
    },
    async advance(seconds) {
      await control('POST', '/clock', { advance: seconds });
    },
    async unconfigure() {
      await must('DELETE', '/config/stepup', undefined, [204]);
    },
    async configurePasswords({ enabled, limit, compliancy }) {
      const minute = 60_000_000_000; // nanoseconds
      await put('/config/login/password', {
        hash_method: 'argon2id',
        enabled,
        rate_limit_login_ip: { ttl: minute, limit: 1000 },
        rate_limit_login_identifier: { ttl: minute, limit },
        password_compliancy: compliancy,
      });
    },
    async configureOAuth(provider, config) {
      await put(`/config/login/oauth/${provider}`, { client_id: 'judge', client_secret: 'judge', ...config });
    },
    async removeOAuth(provider) {
      await must('DELETE', `/config/login/oauth/${provider}`, undefined, [204]);
    },
    async configure({ jwksUrl, stepKeys = [], allowedScopes }) {
      const document = {
        jwks_url: jwksUrl ?? 'https://backend.example.com/.well-known/jwks.json',
        step_keys: stepKeys.map((key) => ({ key, description: key })),
        allowed_scopes: allowedScopes,
      };
      await put('/config/stepup', document);
      for (const { scope } of allowedScopes) await must('POST', '/config/scopes', { scope }, [201, 409]);
    },
    async createUser(identifiers) {
      const { id } = (await must('POST', '/users', { identifiers }, [201])) as { id: string };
      return id;
    },
    async newestCode(to) {
      const newest = (await messages(to)).at(-1);
      if (!newest) throw new Error(`Nothing was sent to ${to}.`);
      return newest.code;
    },
  };
}
