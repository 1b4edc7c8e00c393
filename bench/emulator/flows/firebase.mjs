/** A phone sign-in at the Firebase Auth emulator: send the code, read it, sign in, refresh. Its tokens are unsigned. */
const API = '/identitytoolkit.googleapis.com/v1/accounts';

export const firebaseSignIn = (_target, call) => async (number) => {
  const phoneNumber = `+1555${String(number).padStart(7, '0')}`;
  const { body: sent } = await call('POST', `${API}:sendVerificationCode?key=bench`, {
    body: { phoneNumber, recaptchaToken: 'bench' },
  });
  const { body: inbox } = await call('GET', '/emulator/v1/projects/demo-bench/verificationCodes');
  const { code } = inbox.verificationCodes.findLast((one) => one.phoneNumber === phoneNumber);
  const { body: signedIn } = await call('POST', `${API}:signInWithPhoneNumber?key=bench`, {
    body: { sessionInfo: sent.sessionInfo, code },
  });
  await call('POST', '/securetoken.googleapis.com/v1/token?key=bench', {
    form: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: signedIn.refreshToken }).toString(),
  });
};
