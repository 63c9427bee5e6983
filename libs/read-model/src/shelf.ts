import type { Visibility } from '#libs/domain';

/**
 * The shelf that an image stands on, in the words of the indexes of `images`, which all begin with it or with an owner: one number says how it is seen and whether
 * it is hidden. As one column it is half the work of sorting a large index that two texts and booleans are.
 */
export const shelfSql = (table: string): string =>
  `(case ${table}.visibility when 'private' then 1 when 'public' then 2 when 'shared' then 3 when 'community' then 4 else 5 end * case when ${table}.is_hidden then -1 else 1 end)`;

const numbers: Readonly<Record<Visibility, number>> = { private: 1, public: 2, shared: 3, community: 4 };

export const shelfOf = (visibility: Visibility, isHidden: boolean): number => (isHidden ? -numbers[visibility] : numbers[visibility]);

/** Every shelf that lists show. */
export const shelves: readonly number[] = [false, true].flatMap((isHidden) => (Object.keys(numbers) as Visibility[]).map((visibility) => shelfOf(visibility, isHidden)));
