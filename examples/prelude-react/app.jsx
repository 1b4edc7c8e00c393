/** Logs in by a code, and asks for one more before a transfer: that needs the scope `transfer:write`. */
import { PrldSessionClient } from '@prelude.so/js-sdk/session';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';

const SCOPE = 'transfer:write';
const client = new PrldSessionClient({ domain: process.env.STEPUP_PRELUDE_DOMAIN });

function App() {
  const [screen, setScreen] = useState('phone');
  const [challengeId, setChallengeId] = useState();
  const [told, setTold] = useState('');

  /** Runs a form's work with what was typed, and says what went wrong. */
  const submit = (work) => (event) => {
    event.preventDefault();
    const typed = Object.fromEntries(new FormData(event.target));
    setTold('');
    work(typed).catch((error) => setTold(`${error.name}: ${error.message}`));
  };

  async function sendCode({ phone }) {
    await client.startOTPLogin({ identifier: { type: 'phone_number', value: phone } });
    setScreen('login');
  }

  async function logIn({ code }) {
    await client.checkOTP(code);
    setScreen('home');
  }

  /** The SDK calls this at each step, and at the end: then the new access token has the scope. */
  async function onChallenge({ challengeId: id, currentStep }) {
    if (currentStep === 'verify_sms') {
      await client.otpCreate({ challengeId: id });
      setChallengeId(id);
      setScreen('stepup');
    } else if (currentStep === 'completed') {
      setScreen('home');
    }
  }

  async function transfer() {
    const { scope = '' } = (await client.getProfile()) ?? {};
    if (scope.split(' ').includes(SCOPE)) return setTold('Transferred.');
    const { status } = await client.requestStepUp({ scope: SCOPE, onChallenge });
    return status === 'block' && setTold('Not allowed.');
  }

  async function stepUp({ code }) {
    await client.otpCheck(challengeId, code, onChallenge);
  }

  return (
    <>
      <h1>Step-up with Prelude</h1>
      {screen === 'phone' && (
        <form onSubmit={submit(sendCode)}>
          <label>
            Phone <input name="phone" type="tel" required />
          </label>
          <button>Send code</button>
        </form>
      )}
      {screen === 'login' && <Code key="login" label="Log in" onSubmit={submit(logIn)} />}
      {screen === 'stepup' && <Code key="stepup" label="Confirm" onSubmit={submit(stepUp)} />}
      {screen === 'home' && (
        <form onSubmit={submit(transfer)}>
          <p>Logged in.</p>
          <button>Transfer</button>
        </form>
      )}
      <p role="status">{told}</p>
    </>
  );
}

function Code({ label, onSubmit }) {
  return (
    <form onSubmit={onSubmit}>
      <label>
        Code <input name="code" inputMode="numeric" autoComplete="one-time-code" required />
      </label>
      <button>{label}</button>
    </form>
  );
}

createRoot(document.querySelector('main')).render(<App />);
