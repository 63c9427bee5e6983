import type { LoadMode } from '#libs/domain';

/** What the flags ask for. Glance wants `--merge` beside the other two; here each of them says enough. Throws where two contradict each other. */
export function loadModeOf(isSet: (flag: string) => boolean): LoadMode {
  if (isSet('prefer-new') && isSet('overwrite')) throw new Error('give --prefer-new or --overwrite, not both');
  if (isSet('overwrite')) return 'overwrite';
  if (isSet('prefer-new')) return 'prefer-new';
  return isSet('merge') ? 'merge' : 'skip';
}
