import { digestDirectory, type DigestPlace } from '#libs/event-log';
import { sectionsOf } from '#libs/platform';
import { bucketFiles, isBucketUrl } from '#libs/stores';

const section = 'digests';

/** Where digests are kept: a directory, or `s3://BUCKET[/FOLDER]`, whose server and keys stand in the section `digests`. Throws where an option is missing or wrong. */
export const openDigestPlace = (place: string, { lockDays, env }: { readonly lockDays: number; readonly env: NodeJS.ProcessEnv }): DigestPlace =>
  (isBucketUrl(place) ? bucketFiles({ url: place, section, lockDays }, sectionsOf(env)) : digestDirectory(place));
