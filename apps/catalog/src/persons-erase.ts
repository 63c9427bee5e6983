import { openReadModel } from '#libs/read-model';
import { runOperatorCommand } from '#libs/platform';

await runOperatorCommand({
  name: 'persons:erase',
  purpose: 'Erases the personal values of one user: his name and the addresses he came from, which stand in the event log only sealed with a key of his own, and the key is thrown away. '
    + 'What he did stays in the log, by his id. There is no way back but a backup that still has the key. Without --apply it only tells whether there is one. Exit status 1 where there is none.',
  flags: { apply: 'Throw the key away.' },
  takes: 'USER_ID',
  async run({ config, named, isSet, say, commandLine }) {
    const [userId] = named;
    if (userId === undefined || named.length > 1) {
      say('Name one user by his id at the identity service.');
      return 2;
    }
    const readModel = await openReadModel({ url: config.databaseUrl, poolSize: 1 });
    try {
      if (!await readModel.personKeys.find(userId)) {
        say(`There is no key of user ${JSON.stringify(userId)}: nothing personal of him was written, or it was erased before.`);
        return 1;
      }
      if (!isSet('apply')) {
        say(`There is a key of user ${JSON.stringify(userId)}. Throw it away, for ever, with: ${commandLine('persons:erase', userId, '--apply')}`);
        return 0;
      }
      await readModel.personKeys.throwAway(userId);
      say('The key is gone, and what it sealed is erased; the services forget it within seconds. Erase it in your backups, too: each holds the keys of its day. What the user does from now on is sealed with a new key.');
      return 0;
    } finally {
      await readModel.close();
    }
  },
});
