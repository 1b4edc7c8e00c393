import { useState } from 'preact/hooks';
import { faultOf, KINDS, type FaultForm, type Kind } from '../fault-form.js';
import type { Live, Page } from '../live.js';
import { useAction } from '../parts/action.js';
import { Empty } from '../parts/small.js';
import type { Fault } from '../wire.js';
import { faultAction, faultTarget } from '../words.js';

const BLANK: FaultForm = { kind: 'status', value: '500', method: '', path: '', identity: '', times: '1', everyNth: '' };

/** Adds, lists and removes what shall go wrong. */
export function FaultControl({ live, page: { faults, control } }: { live: Live; page: Page }) {
  const action = useAction();
  const change = (done: string, method: 'POST' | 'DELETE', path: string, body?: () => unknown): Promise<boolean> =>
    action.run(done, async () => {
      await control.send(method, path, body?.());
      live.refresh('faults');
    });
  return (
    <section aria-labelledby="faults" class="panel">
      <h2 id="faults">
        Faults <span class="count">{faults.length}</span>
      </h2>
      <NewFault
        busy={action.busy}
        onAdd={(form) => void change('Fault added', 'POST', '/faults', () => faultOf(form))}
      />
      {action.fault !== '' && (
        <p class="fault" role="alert">
          {action.fault}
        </p>
      )}
      {faults.length === 0 && <Empty>Nothing goes wrong. A fault meets the requests that it matches.</Empty>}
      <ul class="cards" aria-labelledby="faults">
        {faults.map((fault) => (
          <FaultCard
            key={fault.id}
            fault={fault}
            onRemove={() => void change('Fault removed', 'DELETE', `/faults/${encodeURIComponent(fault.id)}`)}
          />
        ))}
      </ul>
      {faults.length > 1 && (
        <button type="button" onClick={() => void change('All faults removed', 'DELETE', '/faults')}>
          Remove all
        </button>
      )}
    </section>
  );
}

function FaultCard({ fault, onRemove }: { fault: Fault; onRemove(): void }) {
  const { times, happened, matched } = fault;
  const isUsedUp = times !== undefined && happened >= times;
  return (
    <li class={isUsedUp ? 'card line-card used' : 'card line-card'}>
      <div>
        <p class="to">{faultAction(fault)}</p>
        <p class="meta">
          {faultTarget(fault)} · happened {happened} of {matched} met{isUsedUp && ', used up'}
        </p>
      </div>
      <button type="button" onClick={onRemove} aria-label={`Remove: ${faultAction(fault)}, ${faultTarget(fault)}`}>
        Remove
      </button>
    </li>
  );
}

function NewFault({ busy, onAdd }: { busy: boolean; onAdd(form: FaultForm): void }) {
  const [form, setForm] = useState(BLANK);
  const { value: valueLabel, sample } = KINDS[form.kind];
  const set = (change: Partial<FaultForm>): void => setForm({ ...form, ...change });
  const field = (name: keyof Omit<FaultForm, 'kind'>, label: string, placeholder: string) => (
    <label>
      {label}
      <input
        type="text"
        autocomplete="off"
        spellcheck={false}
        placeholder={placeholder}
        value={form[name]}
        onInput={(event) => set({ [name]: event.currentTarget.value })}
      />
    </label>
  );
  return (
    <form
      class="grid"
      onSubmit={(event) => {
        event.preventDefault();
        onAdd(form);
      }}
    >
      <label class="across">
        What happens
        <select
          value={form.kind}
          onChange={(event) => {
            const kind = event.currentTarget.value as Kind;
            set({ kind, value: KINDS[kind].sample });
          }}
        >
          {Object.entries(KINDS).map(([kind, { label }]) => (
            <option key={kind} value={kind}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {valueLabel !== '' && field('value', valueLabel, sample)}
      {field('method', 'Method', 'any')}
      {field('path', 'Path', '/v1/session/otp*')}
      {field('identity', 'Identity', '+33612345678')}
      {field('times', 'Times', 'for ever')}
      {field('everyNth', 'Every nth', 'each')}
      <button type="submit" class="primary across" disabled={busy}>
        Add the fault
      </button>
    </form>
  );
}
