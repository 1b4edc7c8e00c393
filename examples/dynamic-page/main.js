/** Signs in by a code, and asks for one more before it adds an authenticator app: that needs the scope `credential:link`. */
import {
  checkStepUpAuth,
  createDynamicClient,
  initializeClient,
  registerTotpMfaDevice,
  sendEmailOTP,
  verifyOTP,
} from '@dynamic-labs-sdk/client';

const SCOPE = 'credential:link';

const client = createDynamicClient({
  environmentId: process.env.STEPUP_DYNAMIC_ENVIRONMENT_ID,
  autoInitialize: false,
  // Without an address the client speaks to Dynamic itself.
  coreConfig: { apiBaseUrl: process.env.STEPUP_DYNAMIC_API_BASE_URL },
  instrumentation: { enabled: false },
});

const find = (selector) => document.querySelector(selector);
const say = (text) => (find('[role=status]').textContent = text);

/** The code that was sent, and what to do once it is right. */
let sent;

async function send(email, scopes, next) {
  sent = { otpVerification: await sendEmailOTP({ email }), scopes, next };
  find('#code').hidden = false;
  say(`A code is on its way to ${email}.`);
}

function signedIn() {
  find('#email').hidden = true;
  find('#add').hidden = false;
  say('Signed in.');
}

async function addApp() {
  const { isRequired, credentials } = await checkStepUpAuth({ scope: SCOPE });
  if (!isRequired) {
    const { uri } = await registerTotpMfaDevice();
    return say(`Scan this with your app: ${uri}`);
  }
  const byEmail = credentials.find(({ format }) => format === 'email');
  if (!byEmail) return say('This page steps up by email only.');
  return send(byEmail.alias, [SCOPE], addApp);
}

/** Runs it, and says what went wrong. */
const on = (selector, event, work) =>
  find(selector).addEventListener(event, (happened) => {
    happened.preventDefault();
    work(happened).catch((error) => say(error.message));
  });

on('#email', 'submit', ({ target }) => send(new FormData(target).get('email'), undefined, signedIn));
on('#code', 'submit', async ({ target }) => {
  const { otpVerification, scopes, next } = sent;
  const requested = scopes && { requestedScopes: scopes };
  await verifyOTP({ otpVerification, verificationToken: new FormData(target).get('code'), ...requested });
  target.reset();
  target.hidden = true;
  await next();
});
on('#add', 'click', addApp);

initializeClient().then(
  () => client.user && signedIn(),
  (error) => say(error.message),
);
