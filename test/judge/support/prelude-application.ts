/** The application at the emulator, set up by plain calls of Prelude's management API, and its inbox. */
import type { Message, Ready } from '../../../src/emulator/emulator.js';

export interface Application {
  /** Replaces the step-up configuration, and registers its scopes. */
  configure(config: { jwksUrl?: string; stepKeys?: string[]; allowedScopes: Record<string, unknown>[] }): Promise<void>;
  /** Creates a user with these identifiers. Answers with its id. */
  createUser(identifiers: { type: 'phone_number' | 'email_address'; value: string }[]): Promise<string>;
  /** Code of the newest message that was sent to this address. */
  newestCode(to: string): Promise<string>;
  messages(to: string): Promise<Message[]>;
  /** Makes the emulator answer the next such call with this status and body. */
  answerOnce(method: string, path: string, status: number, body: unknown): Promise<void>;
}

export function application(ready: Ready): Application {
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
  const control = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${ready.controlUrl}${path}`, {
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
    async configure({ jwksUrl, stepKeys = [], allowedScopes }) {
      const document = {
        jwks_url: jwksUrl ?? 'https://backend.example.com/.well-known/jwks.json',
        step_keys: stepKeys.map((key) => ({ key, description: key })),
        allowed_scopes: allowedScopes,
      };
      const found = await manage('GET', '/config/stepup');
      await (found.status === 404
        ? must('POST', '/config/stepup', document, [201])
        : must('PUT', '/config/stepup', document, [200]));
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
