/** One exchange as text for `--debug`, secrets taken out. Reading it also teaches the redactor those secrets. */
import type { Redactor } from './redact.js';

const MAX_SHOWN = 4000;

/** The request: its line, its headers, its body. */
export function showRequest(method: string, url: string, headers: Headers, json: unknown, redactor: Redactor): string {
  const lines = [`${method} ${redactor.url(url)}`, ...showHeaders(headers, redactor)];
  if (json !== undefined) lines.push(showBody(json, redactor));
  return lines.map((line) => `> ${line}`).join('\n');
}

/** The answer: status and time it took in milliseconds, its headers, its body. */
export function showAnswer(response: Response, json: unknown, elapsedMs: number, redactor: Redactor): string {
  const lines = [`${response.status} (${elapsedMs} ms)`, ...showHeaders(response.headers, redactor)];
  if (json !== undefined) lines.push(showBody(json, redactor));
  return lines.map((line) => `< ${line}`).join('\n');
}

function showHeaders(headers: Headers, redactor: Redactor): string[] {
  return [...headers].map(([name, value]) => `${name}: ${redactor.header(name, value)}`);
}

function showBody(json: unknown, redactor: Redactor): string {
  const shown = redactor.text(JSON.stringify(redactor.body(json)));
  return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}… (${shown.length} characters)` : shown;
}
