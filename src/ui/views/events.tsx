import { useMemo, useState } from 'preact/hooks';
import { choose, FIRST_FILTER, type Filter } from '../filters.js';
import type { Live, Page } from '../live.js';
import { Empty, Fold, Json, When } from '../parts/small.js';
import type { Event } from '../wire.js';
import { summaryOf, toneOf } from '../words.js';

/** So many are drawn before somebody asks for more. */
const DRAWN = 200;

/** Everything that happened, newest first. */
export function Events({ page: { book } }: { live: Live; page: Page }) {
  const [filter, setFilter] = useState<Filter>(FIRST_FILTER);
  const [most, setMost] = useState(DRAWN);
  const [upTo, setUpTo] = useState<number>();
  const newest = book.events.at(-1)?.id ?? 0;
  const { shown, total } = useMemo(
    () => choose(book, filter, { most, upTo }),
    [book, book.events.length, newest, filter, most, upTo],
  );
  const held = upTo === undefined ? 0 : newest - upTo;
  return (
    <section aria-label="Events">
      <Filters types={[...book.counts]} filter={filter} onFilter={setFilter} />
      <div class="bar">
        <p class="note" role="status">
          {total === book.events.length ? `${total} events` : `${total} of ${book.events.length} events`}
        </p>
        <button
          type="button"
          aria-pressed={upTo !== undefined}
          onClick={() => setUpTo(upTo === undefined ? newest : undefined)}
        >
          {upTo === undefined ? 'Hold' : `Held · ${held} newer`}
        </button>
      </div>
      {total === 0 && (
        <Empty>{book.events.length === 0 ? 'Nothing has happened yet.' : 'No event fits the filters.'}</Empty>
      )}
      <ol class="rows events">
        {shown.map((event) => (
          <li key={event.id}>
            <Row event={event} />
          </li>
        ))}
      </ol>
      {total > shown.length && (
        <button type="button" class="more" onClick={() => setMost(most + DRAWN)}>
          Show {Math.min(DRAWN, total - shown.length)} older
        </button>
      )}
    </section>
  );
}

function Row({ event }: { event: Event }) {
  const tone = toneOf(event);
  const line = (
    <>
      <When at={event.at} /> <span class="type">{event.type}</span>
      <span class={`words ${tone}`}>{summaryOf(event)}</span>
    </>
  );
  return <Fold line={line}>{() => <Json value={event} label="The whole event" />}</Fold>;
}

interface FiltersProps {
  types: [string, number][];
  filter: Filter;
  onFilter(filter: Filter): void;
}

function Filters({ types, filter, onFilter }: FiltersProps) {
  const toggle = (type: string): void => {
    const hidden = new Set(filter.hidden);
    if (!hidden.delete(type)) hidden.add(type);
    onFilter({ ...filter, hidden });
  };
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        Find
        <input
          type="search"
          placeholder="path, user, reason …"
          value={filter.text}
          onInput={(event) => onFilter({ ...filter, text: event.currentTarget.value })}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={filter.onlyBad}
          onChange={(event) => onFilter({ ...filter, onlyBad: event.currentTarget.checked })}
        />
        only refused or failed
      </label>
      <fieldset>
        <legend class="off-screen">Types</legend>
        {types
          .filter(([, count]) => count > 0)
          .sort(([one], [other]) => one.localeCompare(other))
          .map(([type, count]) => (
            <label key={type} class="check chip">
              <input type="checkbox" checked={!filter.hidden.has(type)} onChange={() => toggle(type)} />
              {type} <span class="count">{count}</span>
            </label>
          ))}
      </fieldset>
    </form>
  );
}
