import type { Live, Page } from '../live.js';
import { useTicks } from '../parts/contexts.js';
import { Empty, Fact, Fold, Json, Left, Tag, When } from '../parts/small.js';
import type { Session } from '../wire.js';
import { textOf } from '../words.js';

/** Live sessions, each with what its newest access token says and how long both last by the tenant's clock. */
export function Sessions({ page }: { live: Live; page: Page }) {
  useTicks();
  const { data } = page;
  if (!data) return null;
  const { total, newest } = data.sessions;
  return (
    <section aria-label="Sessions">
      {total === 0 && <Empty>Nobody is logged in.</Empty>}
      {total > newest.length && (
        <p class="note">
          The newest {newest.length} of {total} sessions.
        </p>
      )}
      <ol class="cards wide">
        {newest.map((session) => (
          <SessionCard key={session.id} session={session} page={page} />
        ))}
      </ol>
    </section>
  );
}

function SessionCard({ session, page }: { session: Session; page: Page }) {
  const { id, userId, who, provider, startedAt, endsAt, key, client } = session;
  const now = page.clock.ageNow();
  const token = page.book.tokenOf(id);
  const scope = token && textOf(token.claims['scope'] ?? '');
  return (
    <li class="card session">
      <p class="title">
        <strong>{who ?? userId}</strong> <Tag>{provider}</Tag>
        {endsAt !== null && <Left until={Date.parse(endsAt)} now={now} />}
      </p>
      <dl class="facts">
        <Fact name="session">{id}</Fact>
        <Fact name="user">{userId}</Fact>
        {startedAt !== null && (
          <Fact name="since">
            <When at={startedAt} />
          </Fact>
        )}
        {client !== '' && <Fact name={provider === 'prelude' ? 'client' : 'origin'}>{client}</Fact>}
        {key !== null && <Fact name={provider === 'prelude' ? 'DPoP key' : 'session key'}>{key}</Fact>}
        {scope && (
          <Fact name="scopes">
            {scope.split(' ').map((one) => (
              <Tag key={one}>{one}</Tag>
            ))}
          </Fact>
        )}
        {token && (
          <Fact name="access token">
            <When at={token.issuedAt} />
            {token.endsAt !== undefined && <Left until={token.endsAt} now={now} />}
          </Fact>
        )}
      </dl>
      {token ? (
        <Fold line="Claims of the newest access token">{() => <Json value={token.claims} label="Claims" />}</Fold>
      ) : (
        <p class="note">Its access token is older than the events that are kept.</p>
      )}
    </li>
  );
}
