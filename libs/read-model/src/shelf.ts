import type { Visibility } from '#libs/domain';

const numbers: Readonly<Record<Visibility, number>> = { private: 1, public: 2, shared: 3, community: 4 };
const whens = Object.entries(numbers).map(([visibility, number]) => `when '${visibility}' then ${String(number)}`).join(' ');

/**
 * The shelf that an image stands on, in the words of the indexes of `images`, which all begin with it or with an owner: one number says how it is seen and whether
 * it is hidden. As one column it is half the work of sorting a large index that two texts and booleans are.
 */
export const shelfSql = (table: string): string => `(case ${table}.visibility ${whens} else 5 end * case when ${table}.is_hidden then -1 else 1 end)`;

export const shelfOf = (visibility: Visibility, isHidden: boolean): number => (isHidden ? -numbers[visibility] : numbers[visibility]);

/** Every shelf that lists show. */
export const shelves: readonly number[] = [false, true].flatMap((isHidden) => (Object.keys(numbers) as Visibility[]).map((visibility) => shelfOf(visibility, isHidden)));
