/** What the control API answers, checked where it comes in. */
import * as v from 'valibot';

const Provider = v.picklist(['prelude', 'dynamic']);

export const Messages = v.object({
  messages: v.array(
    v.object({
      id: v.string(),
      channel: v.picklist(['sms', 'email']),
      to: v.string(),
      code: v.string(),
      purpose: v.string(),
      provider: Provider,
      challengeId: v.nullable(v.string()),
      suppressed: v.boolean(),
      reason: v.optional(v.string()),
      createdAt: v.string(),
    }),
  ),
});
export type Message = v.InferOutput<typeof Messages>['messages'][number];

export const Standing = v.object({ now: v.string(), ageNow: v.string(), offset: v.number(), frozen: v.boolean() });
export type Standing = v.InferOutput<typeof Standing>;

export const Faults = v.object({
  faults: v.array(
    v.object({
      id: v.string(),
      match: v.object({
        method: v.optional(v.string()),
        path: v.optional(v.string()),
        identity: v.optional(v.string()),
      }),
      times: v.optional(v.number()),
      everyNth: v.optional(v.number()),
      do: v.record(v.string(), v.unknown()),
      matched: v.number(),
      happened: v.number(),
    }),
  ),
});
export type Fault = v.InferOutput<typeof Faults>['faults'][number];

export const UiData = v.object({
  sessions: v.object({
    total: v.number(),
    newest: v.array(
      v.object({
        provider: Provider,
        id: v.string(),
        userId: v.string(),
        who: v.nullable(v.string()),
        startedAt: v.nullable(v.string()),
        endsAt: v.nullable(v.string()),
        key: v.nullable(v.string()),
        client: v.string(),
      }),
    ),
  }),
  challenges: v.object({
    total: v.number(),
    newest: v.array(
      v.object({
        provider: Provider,
        kind: v.picklist(['challenge', 'code', 'elevated-token']),
        id: v.string(),
        scope: v.nullable(v.string()),
        status: v.picklist(['open', 'granted', 'spent', 'failed', 'expired']),
        steps: v.array(v.object({ key: v.string(), done: v.boolean() })),
        mode: v.nullable(v.string()),
        userId: v.nullable(v.string()),
        sessionId: v.nullable(v.string()),
        to: v.nullable(v.string()),
        endsAt: v.string(),
      }),
    ),
  }),
});
export type UiData = v.InferOutput<typeof UiData>;
export type Session = UiData['sessions']['newest'][number];
export type Challenge = UiData['challenges']['newest'][number];

/** Only ids are looked at. */
export const Tenants = v.object({ tenants: v.array(v.object({ id: v.string() })) });

/** An event: its type says what else is in it. */
export const Event = v.looseObject({ id: v.number(), type: v.string(), at: v.string() });
export type Event = v.InferOutput<typeof Event>;

/** RFC 9457. */
export const Problem = v.object({ detail: v.string(), field: v.optional(v.string()) });
