import { useMemo } from 'preact/hooks';
import { durationInWords } from '../../durations.js';
import type { Live, Page } from '../live.js';
import { Copy } from '../parts/copy.js';
import { Empty, Fact, Fold, Json, Tag, When } from '../parts/small.js';
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
  const { url, request, answer, words, reason } = call;
  return (
    <div class="details">
      {typeof words === 'string' && (
        <p class="fault">
          {textOf(reason)}: {words}
        </p>
      )}
      <h2>Request</h2>
      <p class="title">
        <span>POST {textOf(url)}</span>
        <Copy text={JSON.stringify(request)} label="the body as it was sent" shown="body as it was sent" />
      </p>
      <Json value={request} label="Body" />
      <h2>Signature</h2>
      <Signature of={recordIn(call['signature'])} />
      <h2>Verdict</h2>
      {answer === undefined ? <p>None that could be carried out.</p> : <Verdict of={recordIn(answer)} />}
    </div>
  );
}

function Signature({ of: { kid, alg, value } }: { of: Record<string, unknown> }) {
  return (
    <dl class="facts">
      <Fact name="X-Webhook-Signature">
        <span class="mono">{textOf(value)}</span>
      </Fact>
      <Fact name="X-Webhook-Signature-Key-Id">
        <span class="mono">{textOf(kid)}</span>
      </Fact>
      <Fact name="made by">{textOf(alg)} over the body as it was sent, with that key of the application’s JWKS</Fact>
    </dl>
  );
}

/** Prelude: the hook's answer, as it was understood. */
function Verdict({ of: { status, grantMode, grantedFor, steps } }: { of: Record<string, unknown> }) {
  return (
    <dl class="facts">
      <Fact name="status">{textOf(status)}</Fact>
      {grantMode !== undefined && <Fact name="grant_mode">{textOf(grantMode)}</Fact>}
      {typeof grantedFor === 'number' && <Fact name="granted_for">{durationInWords(grantedFor)}</Fact>}
      {Array.isArray(steps) && steps.length > 0 && (
        <Fact name="steps">
          <ol class="steps">
            {steps.map(recordIn).map(({ key, expiration_duration: seconds }, index) => (
              <li key={index}>
                {textOf(key)} <span class="ms">within {durationInWords(Number(seconds))}</span>
              </li>
            ))}
          </ol>
        </Fact>
      )}
    </dl>
  );
}

function recordIn(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
