/** One call of Prelude's management API: where it goes, what a no means there. */
import { RefusedError, UnreachableError } from '../../errors.js';
import type { Http, HttpAnswer, HttpRequest } from '../../http/client.js';
import type { Refusal } from '../refusal.js';
import type { PreludeTarget } from '../target.js';
import { refusalError, refusalOf } from './errors.js';

export interface ManagementOptions {
  http: Http;
  /** Its `managementKey` must be there: without one every call is refused as MANAGEMENT_KEY_REFUSED. */
  target: PreludeTarget;
}

export type ManagementAnswer = HttpAnswer & { refusal?: Refusal | undefined };

export interface ManagementCaller {
  /**
   * One call; the path is that under the application. Throws RefusedError MANAGEMENT_KEY_REFUSED for a wrong key, and
   * UnreachableError. Any other no is in `refusal`.
   */
  call(method: HttpRequest['method'], path: string, json?: unknown): Promise<ManagementAnswer>;
  /** As `call`, for paths that the service may not have: 405 and 501 are thrown as RefusedError NOT_OFFERED, which names `what`. */
  callMaybe(method: HttpRequest['method'], path: string, what: string, json?: unknown): Promise<ManagementAnswer>;
  /** RefusedError APPLICATION_UNKNOWN. */
  unknownApplication(refusal: Refusal): RefusedError;
  /**
   * A 404 means "no such thing" or "no such application"; only the list of scopes, which is never missing, tells. Throws
   * RefusedError APPLICATION_UNKNOWN.
   */
  confirmApplication(): Promise<void>;
}

/** Builds the caller of one application's management API. */
export function createManagementCaller({ http, target }: ManagementOptions): ManagementCaller {
  const base = `${target.managementUrl.replace(/\/+$/, '')}/v2/session/apps/${encodeURIComponent(target.appId)}`;

  async function call(method: HttpRequest['method'], path: string, json?: unknown): Promise<ManagementAnswer> {
    const key = target.managementKey ?? '';
    if (!/^[\x21-\x7e]+$/.test(key)) throw keyRefused({});
    const answer = await http.send({ method, url: `${base}${path}`, json, bearer: key });
    const refusal = refusalOf(answer, (text) => http.redact(text));
    if (refusal && (refusal.status === 401 || refusal.status === 403)) {
      throw keyRefused({ status: refusal.status, serviceCode: refusal.code, requestId: refusal.requestId });
    }
    return { ...answer, refusal };
  }

  function keyRefused(details: {
    status?: number;
    serviceCode?: string | undefined;
    requestId?: string | undefined;
  }): RefusedError {
    return new RefusedError(
      'MANAGEMENT_KEY_REFUSED',
      `The management key is refused for application ${target.appId}.`,
      {
        ...details,
        hint: 'Check STEPUP_PRELUDE_MANAGEMENT_KEY, or store another key with: stepup init',
      },
    );
  }

  function unknownApplication(refusal: Refusal): RefusedError {
    return new RefusedError('APPLICATION_UNKNOWN', `The service has no application ${target.appId}.`, {
      status: refusal.status,
      serviceCode: refusal.code,
      requestId: refusal.requestId,
      hint: 'Check the application id; an application is made by Prelude, not by this tool.',
    });
  }

  return {
    call,
    async callMaybe(method, path, what, json) {
      try {
        const answer = await call(method, path, json);
        if (answer.refusal?.status === 405) throw notOffered(what, answer.refusal);
        return answer;
      } catch (error) {
        if (!(error instanceof UnreachableError) || error.status !== 501) throw error;
        const { serviceCode, requestId } = error;
        throw notOffered(what, { status: 501, code: serviceCode, requestId });
      }
    },
    unknownApplication,
    async confirmApplication() {
      const { refusal } = await call('GET', '/config/scopes');
      if (refusal?.status === 404) throw unknownApplication(refusal);
      if (refusal) throw refusalError(refusal);
    },
  };
}

/** RefusedError NOT_OFFERED: a call that Prelude does not document, or that this service does not have. */
export function notOffered(what: string, { status, code, requestId }: Refusal): RefusedError {
  return new RefusedError('NOT_OFFERED', `The service does not offer ${what} (it answered with status ${status}).`, {
    status,
    serviceCode: code,
    requestId,
    hint: 'Prelude documents no such call. Use its dashboard for this.',
  });
}
