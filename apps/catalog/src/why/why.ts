import { imageSubject, isLowerUuid } from '#libs/contracts';
import { runOperatorCommand } from '#libs/platform';
import { stepsOf } from '../images/history-steps.js';
import { whyOf } from './why-image.js';

await runOperatorCommand({
  name: 'why',
  purpose: 'Tells from the event log alone why an image is in the state it is in: how it came to its status, the commit behind each of its values, each copy '
    + 'of its data and what was found of it, its imports; with the person, project and request of every commit, by their ids. Also of deleted images. Exit status 1 where there never was such an image.',
  takes: 'IMAGE_ID',
  async run({ config, log, named, say }) {
    const imageId = named[0]?.toLowerCase();
    if (imageId === undefined || named.length > 1 || !isLowerUuid(imageId)) {
      say('Name one image by its id, a UUID.');
      return 2;
    }
    const steps = stepsOf(imageId, await log.read(imageSubject(config.region, imageId), { consistent: true }));
    for (const line of whyOf(imageId, steps)) say(line);
    return steps.length > 0 ? 0 : 1;
  },
});
