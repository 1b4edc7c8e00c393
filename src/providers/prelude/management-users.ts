/** Users of an application, as its backend manages them. */
import * as v from 'valibot';
import { RefusedError } from '../../errors.js';
import { parseAnswer } from '../parse.js';
import { refusalError } from './errors.js';
import { notOffered, type ManagementCaller } from './management-call.js';

/** Prelude: an identifier of a user, in the service's names. */
export interface UserIdentifier {
  type: 'phone_number' | 'email_address';
  value: string;
}

const userSchema = v.object({
  id: v.pipe(v.string(), v.nonEmpty()),
  identifiers: v.optional(v.nullable(v.array(v.object({ type: v.string(), value: v.string() }))), []),
  created_at: v.optional(v.nullable(v.string())),
});
const usersSchema = v.object({ users: v.array(userSchema), total: v.optional(v.number()) });

export interface ListedUser {
  userId: string;
  identifiers: { type: string; value: string }[];
  /** ISO 8601; undefined when the service does not say. */
  createdAt?: string;
}

export interface UserManagement {
  /** Makes a user; answers with the id. Throws RefusedError USER_EXISTS when an identifier is taken. */
  createUser(identifiers: UserIdentifier[]): Promise<string>;
  /** Sets a user's password. Throws RefusedError PASSWORD_REFUSED when the service finds it too weak, USER_UNKNOWN. */
  setPassword(userId: string, password: string): Promise<void>;
  /** A page of the users. Prelude documents no such call: throws RefusedError NOT_OFFERED where the service has none. */
  users(page: { limit: number; offset: number }): Promise<{ users: ListedUser[]; total?: number }>;
  /** Deletes a user. False when there was none with this id. */
  deleteUser(userId: string): Promise<boolean>;
}

/** Builds the part of the management API that is about users. Every call throws as those of `Management` do. */
export function createUserManagement({
  call,
  callMaybe,
  confirmApplication,
  unknownApplication,
}: ManagementCaller): UserManagement {
  const path = (id: string): string => `/users/${encodeURIComponent(id)}`;

  return {
    async createUser(identifiers) {
      const { json, refusal } = await call('POST', '/users', { identifiers });
      if (refusal?.status === 404) throw unknownApplication(refusal);
      if (refusal?.status === 409) {
        throw new RefusedError(
          'USER_EXISTS',
          `There is a user with ${identifiers.length > 1 ? 'one of these' : 'this'} already.`,
          {
            status: refusal.status,
            serviceCode: refusal.code,
            requestId: refusal.requestId,
            hint: 'An identifier belongs to one user only.',
          },
        );
      }
      if (refusal) throw refusalError(refusal);
      return parseAnswer(v.object({ id: v.pipe(v.string(), v.nonEmpty()) }), json, 'POST users').id;
    },
    async setPassword(userId, password) {
      const { refusal } = await callMaybe('PUT', `${path(userId)}/password`, "to set a user's password", { password });
      if (!refusal) return;
      const { status, code, requestId } = refusal;
      if (status === 404) {
        await confirmApplication();
        throw new RefusedError('USER_UNKNOWN', `There is no user ${userId}.`, { status, serviceCode: code, requestId });
      }
      if (code === 'invalid_password') {
        const hint = 'See what it demands with: stepup login-config password';
        const message = 'The service refuses the password: it is not what the application demands.';
        throw new RefusedError('PASSWORD_REFUSED', message, { status, serviceCode: code, requestId, hint });
      }
      throw refusalError(refusal);
    },
    async users({ limit, offset }) {
      const { json, refusal } = await callMaybe('GET', `/users?limit=${limit}&offset=${offset}`, LIST);
      if (refusal?.status === 404) {
        await confirmApplication();
        throw notOffered(LIST, refusal);
      }
      if (refusal) throw refusalError(refusal);
      const { users, total } = parseAnswer(usersSchema, json, 'GET users');
      return {
        users: users.map(({ id, identifiers, created_at }) => ({
          userId: id,
          identifiers: identifiers ?? [],
          ...(created_at ? { createdAt: created_at } : {}),
        })),
        ...(total === undefined ? {} : { total }),
      };
    },
    async deleteUser(userId) {
      const { refusal } = await call('DELETE', path(userId));
      if (refusal?.status === 404) await confirmApplication();
      else if (refusal) throw refusalError(refusal);
      return refusal === undefined;
    },
  };
}

const LIST = 'a list of its users';
