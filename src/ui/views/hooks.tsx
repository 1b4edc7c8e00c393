import { useMemo } from 'preact/hooks';
import type { Live, Page } from '../live.js';
import { Empty, Fold, Json, Tag, When } from '../parts/small.js';
import type { Event } from '../wire.js';
import { textOf } from '../words.js';

/** As many as are drawn. */
const DRAWN = 100;

/** Calls of the developer's hook: what was asked, how it was signed, what came back and after how long. */
export function Hooks({ page: { book } }: { live: Live; page: Page }) {
  const calls = useMemo(
    () => book.events.filter(({ type }) => type === 'hook'),
    [book, book.counts.get('hook'), book.events.at(-1)?.id],
  );
  return (
    <section aria-label="Hook calls">
      {calls.length === 0 && (
        <Empty>
          No hook was called yet. A scope of mode “delegated” makes the emulator ask the hook of its configuration.
        </Empty>
      )}
      {calls.length > DRAWN && (
        <p class="note">
          The newest {DRAWN} of {calls.length} calls.
        </p>
      )}
      <ol class="rows">
        {calls
          .slice(-DRAWN)
          .toReversed()
          .map((call) => (
            <li key={call.id}>
              <HookCall call={call} />
            </li>
          ))}
      </ol>
    </section>
  );
}

function HookCall({ call }: { call: Event }) {
  const { url, scope, verdict, ms, at, status } = call;
  const tone = verdict === null || verdict === 'block' ? 'bad' : 'good';
  const line = (
    <>
      <When at={at} /> <Tag tone={tone}>{verdict === null ? 'failed' : textOf(verdict)}</Tag>
      <span class="words">
        <strong>{textOf(scope)}</strong> {textOf(url)}
      </span>
      <span class="ms">
        {status === null || status === undefined ? 'no answer' : textOf(status)} · {textOf(ms)} ms
      </span>
    </>
  );
  return <Fold line={line}>{() => <HookDetails call={call} />}</Fold>;
}

function HookDetails({ call }: { call: Event }) {
  const { request, signature, answer, words, reason } = call;
  return (
    <div class="details">
      {typeof words === 'string' && (
        <p class="fault">
          {textOf(reason)}: {words}
        </p>
      )}
      <h2>Request</h2>
      <Json value={request} />
      <h2>Signature</h2>
      <p>{signatureInWords(signature)}</p>
      <h2>Verdict</h2>
      {answer === undefined ? <p>None that could be carried out.</p> : <Json value={answer} />}
    </div>
  );
}

function signatureInWords(signature: unknown): string {
  const { kid, alg, prefixed } = (signature ?? {}) as Record<string, unknown>;
  const prefix = prefixed === true ? ', with the prefix “rsassa-pss-sha256=”' : '';
  return `X-Webhook-Signature: ${textOf(alg)} over the body${prefix}, by the key “${textOf(kid)}” (X-Webhook-Signature-Key-Id) of the application's JWKS.`;
}
