/** A call of the developer's API as the flags of a command say: address, method, headers, body. */
import { UsageError } from '../errors.js';
import { parseElevatedHeader } from '../resource/authorization.js';
import { contentTypeOf, readBody } from './api-body.js';
import { parseApiMethod, parseApiUrl, parseHeaders } from './api-request.js';
import type { Context } from './context.js';
import { inputReader, type StepUpFlags } from './elevate.js';

export interface CallFlags extends StepUpFlags {
  request?: string | undefined;
  /** The body, `@FILE`, or `-`. */
  data?: string | undefined;
  /** Each `Name: value`. */
  header?: string[] | undefined;
  elevatedHeader?: string | undefined;
}

export interface ApiCall {
  method: string;
  url: string;
  headers: Headers;
  body?: Buffer | undefined;
}

/** Fields of a form may come one by one, as curl takes them. Throws UsageError FLAG_CONFLICT for a file beside another. */
export function joined(value: string, before: string | undefined): string {
  if (before === undefined) return value;
  if ([before, value].some((each) => each === '-' || each.startsWith('@'))) {
    throw new UsageError('FLAG_CONFLICT', '--data takes one file, or texts.', { field: '--data' });
  }
  return `${before}&${value}`;
}

/**
 * Reads what is to be sent. Throws UsageError (URL_INVALID, FLAG_INVALID, FLAG_CONFLICT, FILE_UNREADABLE), InputNeededError for standard
 * input that is the terminal, InterruptedError.
 */
export async function apiCallOf(context: Context, address: string, flags: CallFlags): Promise<ApiCall> {
  const { data, header = [], elevatedHeader } = flags;
  const url = parseApiUrl(address);
  const ours = elevatedHeader === undefined ? [] : [parseElevatedHeader(elevatedHeader)];
  const headers = new Headers(parseHeaders(header, ours));
  const method = parseApiMethod(flags.request ?? (data === undefined ? 'GET' : 'POST'));
  if (!headers.has('user-agent')) headers.set('user-agent', (await context.http()).userAgent);
  if (data === undefined) return { method, url, headers };
  if (method === 'GET' || method === 'HEAD') {
    throw new UsageError('FLAG_CONFLICT', `--data does not go with ${method}, which has no body.`, { field: '--data' });
  }
  const other = data === '-' || data === '@-' ? inputReader(flags) : undefined;
  if (other !== undefined) {
    throw new UsageError('FLAG_CONFLICT', `--data - and ${other} - both read standard input.`, { field: other });
  }
  const body = await readBody(context.system, data);
  if (!headers.has('content-type')) headers.set('content-type', contentTypeOf(body));
  return { method, url, headers, body };
}
