/** Calls of the control API. They use sockets of their own, so that a test that replaces `fetch` or its timers does not meet them. */
import { request as plainRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as tlsRequest } from 'node:https';

/** Where a control API is, as the ready line says. */
export interface ControlPlace {
  controlUrl: string;
  controlToken: string;
}

/** What the control API refused, or that nothing answers (then `status` is undefined). */
export class EmulatorError extends Error {
  override readonly name = 'EmulatorError';

  constructor(
    message: string,
    /** HTTP status of the refusal. */
    readonly status?: number,
    /** The parameter or field that is wrong, as in `do.status`. */
    readonly field?: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | undefined;
  /** Under the control address, as in `/messages`. */
  path: string;
  query?: Record<string, string | number | undefined> | undefined;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/** Answers with the body of JSON, undefined where there is none. Throws EmulatorError; the signal's reason when it fires. */
export async function callControl<T>(place: ControlPlace, call: Call): Promise<T> {
  const response = await open(place, call);
  const text = await textOf(response);
  return (text === '' ? undefined : parsed(place, text)) as T;
}

/** Opens a stream of server-sent events. Throws EmulatorError; the signal's reason when it fires. */
export function openStream(place: ControlPlace, call: Call): Promise<IncomingMessage> {
  return open(place, call);
}

async function open(place: ControlPlace, call: Call): Promise<IncomingMessage> {
  const response = await send(place, call);
  const status = response.statusCode ?? 0;
  if (status < 400) return response;
  const { detail, field } = problemOf(await textOf(response));
  throw new EmulatorError(detail ?? `The emulator answered ${call.path} with status ${status}.`, status, field);
}

function send(place: ControlPlace, { method = 'GET', path, query = {}, body, signal }: Call): Promise<IncomingMessage> {
  const url = new URL(`${place.controlUrl}${path}`);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  const text = body === undefined ? undefined : JSON.stringify(body);
  const options: RequestOptions = {
    method,
    // A connection of its own for each call: none is left open when the test is over.
    agent: false,
    headers: {
      authorization: `Bearer ${place.controlToken}`,
      ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    },
    ...(signal ? { signal } : {}),
  };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? tlsRequest : plainRequest)(url, options, resolve);
    request.on('error', (error) => reject(signal?.aborted ? signal.reason : unreachable(place, error)));
    request.end(text);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) text += chunk as string;
  return text;
}

function parsed({ controlUrl }: ControlPlace, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EmulatorError(`${controlUrl} does not answer as an emulator does.`, undefined, undefined, error);
  }
}

/** RFC 9457: what is wrong, in words. */
function problemOf(text: string): { detail?: string; field?: string } {
  try {
    const { detail, field } = JSON.parse(text) as { detail?: unknown; field?: unknown };
    return { ...(typeof detail === 'string' ? { detail } : {}), ...(typeof field === 'string' ? { field } : {}) };
  } catch {
    // Whoever answered is no emulator: there are no words of its own.
    return {};
  }
}

function unreachable({ controlUrl }: ControlPlace, cause: Error): EmulatorError {
  return new EmulatorError(
    `The emulator at ${controlUrl} does not answer: ${cause.message}.`,
    undefined,
    undefined,
    cause,
  );
}
