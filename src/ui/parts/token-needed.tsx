import { useState } from 'preact/hooks';
import { tokenInPaste } from '../token.js';

/** Says that there is no token, or that it is wrong, and takes one. */
export function TokenNeeded({ refused, onToken }: { refused: boolean; onToken(token: string): void }) {
  const [text, setText] = useState('');
  const [unread, setUnread] = useState(false);
  const take = (event: Event): void => {
    event.preventDefault();
    const token = tokenInPaste(text);
    setUnread(token === undefined);
    if (token !== undefined) onToken(token);
  };
  return (
    <main class="gate" id="content">
      <h1>{refused ? 'This token is not the emulator’s' : 'This page needs the emulator’s token'}</h1>
      <p>
        {refused
          ? 'The emulator has refused it. It makes a new token each time it starts, unless STEPUP_EMULATOR_CONTROL_TOKEN names one.'
          : 'Nothing is shown without it, and no answer of the emulator ever holds it.'}{' '}
        Open the address that <code>stepup emulator start</code> prints, or paste it here.
      </p>
      <form onSubmit={take}>
        <label for="token">Address or token</label>
        <div class="row">
          <input
            id="token"
            type="text"
            autocomplete="off"
            spellcheck={false}
            value={text}
            aria-invalid={unread}
            aria-describedby={unread ? 'token-fault' : undefined}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <button type="submit" class="primary">
            Open
          </button>
        </div>
        {unread && (
          <p class="fault" id="token-fault" role="alert">
            There is no token in it. The address ends with <code>#token=…</code>
          </p>
        )}
      </form>
    </main>
  );
}
