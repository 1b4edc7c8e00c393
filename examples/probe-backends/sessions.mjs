/** Whether a session still lives: the service is asked, each time. Both throw when it cannot be had: then nobody comes in. */

const SECONDS = 5;

/** Prelude: among the user's sessions, by the management API. */
export function preludeSessions({ managementUrl, appId, managementKey }) {
  const users = `${managementUrl}/v2/session/apps/${encodeURIComponent(appId)}/users`;
  return async ({ sub, sid }) => {
    const response = await ask(`${users}/${encodeURIComponent(sub)}/sessions`, managementKey);
    if (response.status === 404) return false;
    if (!response.ok) throw new Error(`the service answered ${response.status}`);
    const { sessions } = await response.json();
    return sessions.some(({ id }) => id === sid);
  };
}

/** Dynamic: with the user's own token, which is refused once the session is over. */
export function dynamicSessions({ apiBaseUrl, environmentId }) {
  const user = `${apiBaseUrl}/sdk/${encodeURIComponent(environmentId)}/users`;
  return async (_claims, token) => {
    const response = await ask(user, token);
    if (response.status === 401) return false;
    if (!response.ok) throw new Error(`the service answered ${response.status}`);
    return true;
  };
}

function ask(url, bearer) {
  const headers = { Authorization: `Bearer ${bearer}`, Accept: 'application/json' };
  return fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(SECONDS * 1000) });
}
