/** What Prelude answers, parsed at the door. */
import * as v from 'valibot';

/** Unix seconds up to the year 9999. */
export const unixSeconds = v.pipe(v.number(), v.minValue(0), v.maxValue(253_402_300_799));

/** Answer of the login check, `/login/finalize` and `/refresh`. `expires_at` is in Unix seconds. */
export const mintedSchema = v.object({ access_token: v.pipe(v.string(), v.nonEmpty()), expires_at: unixSeconds });

/** Answer of `/otp/check` and `/stepup/continue`. */
export const advancedSchema = v.object({ challenge_token: v.pipe(v.string(), v.nonEmpty()) });

/** Answer of `/stepup/request`. */
export const verdictSchema = v.object({
  status: v.picklist(['continue', 'review', 'block']),
  challenge_token: v.optional(v.pipe(v.string(), v.nonEmpty())),
});

/** Error body of the frontend API, and of the management API (which has `status` in place of `type`). */
export const refusalSchema = v.object({
  code: v.optional(v.fallback(v.optional(v.string()), undefined)),
  message: v.optional(v.fallback(v.optional(v.string()), undefined)),
  request_id: v.optional(v.fallback(v.optional(v.string()), undefined)),
});
