/** How a webhook that fails is treated. */
export interface WebhookRules {
  /** After this long an event that was not taken is sent again; five times as long after every further attempt, five hours at most. */
  readonly retrySeconds: number;
  /** So often an event is sent before it is given up. */
  readonly attempts: number;
  /** So many events in a row that were given up pause the webhook. */
  readonly abandonedBeforePause: number;
}

export interface WebhookState { readonly attempts: number; readonly abandoned: number }

export type AfterAttempt = WebhookState & { readonly state: 'delivered' | 'retrying' | 'abandoned'; readonly waitSeconds: number; readonly pausedBecause?: string };

const longestWaitSeconds = 5 * 3600;

/** What one attempt to deliver means for what comes next. 2xx is taken; 410 says that nobody is there any more, and pauses at once, the event kept. Source: Standard Webhooks, "Operational considerations". */
export function afterAttempt({ attempts, abandoned }: WebhookState, statusCode: number | null, rules: WebhookRules): AfterAttempt {
  if (statusCode !== null && statusCode >= 200 && statusCode < 300) return { state: 'delivered', attempts: 0, abandoned: 0, waitSeconds: 0 };
  if (statusCode === 410) return { state: 'retrying', attempts: 0, abandoned, waitSeconds: 0, pausedBecause: 'The receiver answered 410: it is gone.' };
  const tried = attempts + 1;
  if (tried < rules.attempts) return { state: 'retrying', attempts: tried, abandoned, waitSeconds: Math.min(longestWaitSeconds, rules.retrySeconds * 5 ** (tried - 1)) };
  const given = abandoned + 1;
  return {
    state: 'abandoned', attempts: 0, abandoned: given, waitSeconds: rules.retrySeconds,
    ...(given >= rules.abandonedBeforePause ? { pausedBecause: `${given} events in a row were not taken, each after ${tried} attempts.` } : {}),
  };
}
