/** Errors of the control API: `application/problem+json` (RFC 9457). */
import { STATUS_CODES } from 'node:http';
import { RETRY_AFTER } from '../state/away.js';

export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 500 | 501 | 503;

/** What is wrong with a call of the control API. */
export class Problem extends Error {
  constructor(
    readonly status: ProblemStatus,
    message: string,
    /** The parameter or field that is wrong, as in `do.status`. */
    readonly field?: string,
  ) {
    super(message);
    this.name = 'Problem';
  }

  /** RFC 9457 §3.1: `type` is `about:blank` and `title` the status's own phrase; `field` is an extension. */
  toResponse(): Response {
    const { status, message: detail, field } = this;
    const document = { type: 'about:blank', title: STATUS_CODES[status], status, detail, ...(field ? { field } : {}) };
    return new Response(JSON.stringify(document), {
      status,
      headers: {
        'Content-Type': 'application/problem+json',
        'Cache-Control': 'no-store',
        ...(status === 503 ? { 'Retry-After': RETRY_AFTER } : {}),
      },
    });
  }
}
