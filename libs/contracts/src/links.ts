/** Whose images' events are told: of public images always, of others those of some projects, or all. */
export interface Hearing { readonly projects: 'all' | readonly string[] }

/** `follow.<region>.<follower>`: begin to tell, at `followed.<region>.<follower>.<id>`. */
export interface FollowWish {
  readonly id: string;
  /** The sequence in the audit stream of the region that is followed, after which it begins. */
  readonly after: number | 'latest';
  readonly hears: Hearing;
}

/**
 * What is told there beside the events themselves, each of which carries its sequence in the stream. `isWhole`: nothing that the follower may hear
 * lies between what it asked for and what it is told from now on.
 */
export type Followed = { readonly following: { readonly after: number; readonly isWhole: boolean } } | { readonly refused: string };
