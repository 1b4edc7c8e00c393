import { useEffect, useState } from 'preact/hooks';
import type { Live, Page } from '../live.js';
import { useAction } from '../parts/action.js';
import { When } from '../parts/small.js';
import { Sure } from '../parts/sure.js';
import { sizeInWords } from '../words.js';
import type { Snapshot } from '../wire.js';

/** Goes back to the start, and takes and restores snapshots. */
export function StateControl({ live, page: { snapshots, control } }: { live: Live; page: Page }) {
  const [name, setName] = useState('');
  const { run, fault, busy } = useAction();
  const change = (done: string, method: 'POST' | 'PUT' | 'DELETE', path: string): void =>
    void run(done, async () => {
      await control.send(method, path);
      live.refresh('snapshots');
    });
  const pathOf = (snapshot: string): string => `/snapshots/${encodeURIComponent(snapshot)}`;
  // Nothing tells of one that somebody else has removed.
  useEffect(() => live.refresh('snapshots'), [live]);
  return (
    <section aria-labelledby="state" class="panel">
      <h2 id="state">State</h2>
      <p class="note">
        Back to the start is the seed, or nobody at all where there is none. Signing keys and snapshots stay.
      </p>
      <div class="row">
        <Sure
          label="Back to the start"
          disabled={busy}
          onSure={() => change('Everything is back to the start', 'DELETE', '/state')}
        />
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          change(`Snapshot ${name} taken`, 'POST', pathOf(name));
        }}
      >
        <label for="snapshot">Name of a snapshot</label>
        <div class="row">
          <input
            id="snapshot"
            type="text"
            required
            placeholder="before-payment"
            autocomplete="off"
            spellcheck={false}
            value={name}
            aria-describedby={fault === '' ? undefined : 'state-fault'}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <button type="submit" disabled={busy}>
            Take
          </button>
        </div>
      </form>
      {fault !== '' && (
        <p class="fault" id="state-fault" role="alert">
          {fault}
        </p>
      )}
      <ul class="cards" aria-label="Snapshots">
        {snapshots.map((snapshot) => (
          <SnapshotCard
            key={snapshot.name}
            snapshot={snapshot}
            busy={busy}
            onRestore={() => change(`Snapshot ${snapshot.name} restored`, 'PUT', pathOf(snapshot.name))}
            onRemove={() => change(`Snapshot ${snapshot.name} removed`, 'DELETE', pathOf(snapshot.name))}
          />
        ))}
      </ul>
    </section>
  );
}

interface SnapshotCardProps {
  snapshot: Snapshot;
  busy: boolean;
  onRestore(): void;
  onRemove(): void;
}

function SnapshotCard({ snapshot: { name, takenAt, bytes }, busy, onRestore, onRemove }: SnapshotCardProps) {
  return (
    <li class="card line-card">
      <div>
        <p class="to">{name}</p>
        <p class="meta">
          <When at={takenAt} /> {sizeInWords(bytes)}
        </p>
      </div>
      <div class="row">
        <button type="button" disabled={busy} onClick={onRestore} aria-label={`Restore ${name}`}>
          Restore
        </button>
        <button type="button" disabled={busy} onClick={onRemove} aria-label={`Remove ${name}`}>
          Remove
        </button>
      </div>
    </li>
  );
}
