/** What somebody who is trying a flow looks at: the codes, and how far the challenges are. */
import { useContext, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { numberOf, type Live, type Page } from '../live.js';
import { AnnounceContext, useTicks } from '../parts/contexts.js';
import { Copy } from '../parts/copy.js';
import { Empty, Left, Tag, When } from '../parts/small.js';
import { progressOf, type Point, type Progress } from '../progress.js';
import type { Message } from '../wire.js';

/** So many are drawn before somebody asks for more. */
const DRAWN = 50;

export function Now({ page }: { live: Live; page: Page }) {
  return (
    <div class="columns">
      <Inbox page={page} />
      <Challenges page={page} />
    </div>
  );
}

function Inbox({ page: { messages, firstNew } }: { page: Page }) {
  const [drawn, more] = useMore();
  useNewcomer(messages[0], firstNew);
  return (
    <section aria-labelledby="inbox">
      <h2 id="inbox">
        Inbox <span class="count">{messages.length}</span>
      </h2>
      {messages.length === 0 && <Empty>No message yet. A code that the emulator “sends” appears here by itself.</Empty>}
      <ol class="cards" aria-labelledby="inbox">
        {messages.slice(0, drawn).map((message) => (
          <Letter key={message.id} message={message} isNew={numberOf(message) >= firstNew} />
        ))}
      </ol>
      <More hidden={messages.length - drawn} onMore={more} />
    </section>
  );
}

function Letter({ message, isNew }: { message: Message; isNew: boolean }) {
  const { channel, to, code, purpose, provider, suppressed, reason, createdAt } = message;
  return (
    <li class={isNew ? 'card letter new' : 'card letter'}>
      <Copy text={code} label="the code" big />
      <div class="about">
        <p class="to">{to}</p>
        <p class="meta">
          <When at={createdAt} /> <Tag>{channel}</Tag> <Tag>{purpose}</Tag> <Tag>{provider}</Tag>{' '}
          {suppressed && <Tag tone="warn">suppressed{reason === undefined ? '' : `: ${reason}`}</Tag>}
        </p>
      </div>
    </li>
  );
}

function Challenges({ page }: { page: Page }) {
  const { data, book, messages } = page;
  const [drawn, more] = useMore();
  const all = useMemo(
    () => (data ? progressOf(data.challenges.newest, book, messages) : []),
    [data, messages, book, book.events.length, book.events.at(-1)?.id],
  );
  return (
    <section aria-labelledby="challenges">
      <h2 id="challenges">
        Challenges <span class="count">{all.length}</span>
      </h2>
      {data && data.challenges.total > data.challenges.newest.length && <p class="note">The oldest are not shown.</p>}
      {data && all.length === 0 && <Empty>No challenge yet. A step-up that an app asks for appears here.</Empty>}
      <ol class="cards" aria-labelledby="challenges">
        {all.slice(0, drawn).map((progress) => (
          <Challenge key={progress.key} progress={progress} page={page} />
        ))}
      </ol>
      <More hidden={all.length - drawn} onMore={more} />
    </section>
  );
}

function Challenge({ progress, page }: { progress: Progress; page: Page }) {
  const { title, provider, points, mode, userId, startedAt, endsAt } = progress;
  const who = page.data?.sessions.newest.find((session) => session.userId === userId)?.who ?? userId;
  return (
    <li class="card challenge">
      <p class="title">
        <strong>{title}</strong>
        {endsAt !== undefined && <Remaining until={endsAt} page={page} />}
      </p>
      <ol class={progressClass(points.length)} aria-label={`Progress of ${title}`}>
        {points.map(({ label, state }, index) => (
          <li key={index} class={state} aria-current={state === 'current' ? 'step' : undefined}>
            {label}
            <span class="off-screen">: {SAID[state]}</span>
          </li>
        ))}
      </ol>
      <p class="meta">
        {startedAt !== undefined && <When at={startedAt} />} <Tag>{provider}</Tag> {mode !== null && <Tag>{mode}</Tag>}{' '}
        {who !== null && <span class="who">{who}</span>}
      </p>
    </li>
  );
}

/** Where there is little room, a line of many points goes down instead of across. */
function progressClass(points: number): string {
  if (points > 5) return 'progress longer';
  return points > 4 ? 'progress long' : 'progress';
}

const SAID: Record<Point['state'], string> = {
  done: 'done',
  current: 'under way',
  waiting: 'to come',
  failed: 'failed',
};

function Remaining({ until, page }: { until: string; page: Page }) {
  useTicks();
  return <Left until={Date.parse(until)} now={page.clock.ageNow()} />;
}

/** Tells a listener of each new code. */
function useNewcomer(newest: Message | undefined, firstNew: number): void {
  const announce = useContext(AnnounceContext);
  const last = useRef('');
  useEffect(() => {
    const { createdAt = '' } = newest ?? {};
    // Real time, which goes on where the numbers of another emulator begin anew.
    if (newest && numberOf(newest) >= firstNew && createdAt >= last.current) {
      announce(`New code ${newest.code} for ${newest.to}`);
    }
    if (createdAt > last.current) last.current = createdAt;
  }, [newest?.id, newest?.createdAt, firstNew]);
}

function useMore(): [number, () => void] {
  const [drawn, setDrawn] = useState(DRAWN);
  return [drawn, () => setDrawn((before) => before + DRAWN)];
}

function More({ hidden, onMore }: { hidden: number; onMore(): void }) {
  if (hidden <= 0) return null;
  return (
    <button type="button" class="more" onClick={onMore}>
      Show more ({hidden} older)
    </button>
  );
}
