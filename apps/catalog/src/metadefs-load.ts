import { createMetadefExecutor, loadNamespace } from '#libs/event-log';
import { openReadModel } from '#libs/read-model';
import { compareWithMemory } from './log-guard.js';
import { loadModeOf } from './metadefs/load-mode.js';
import { loadNamespaces } from './metadefs/load-namespaces.js';
import { namespaceFiles, usualFiles } from './metadefs/namespace-files.js';
import { runOperatorCommand, type OperatorTools } from '#libs/platform';

await runOperatorCommand({
  name: 'metadefs:load',
  purpose: 'Loads namespaces of metadata definitions: from JSON files or directories of them in Glance\'s own format, or without any the usual ones that come with '
    + 'Heliograph. A namespace that is there already is skipped, unless a flag says otherwise. Loading the same again changes nothing.',
  takes: 'FILE or DIRECTORY …',
  flags: {
    merge: 'Add to a namespace what it lacks.',
    'prefer-new': 'Merge, and change what differs.',
    overwrite: 'Make a namespace hold exactly what the file says.',
  },
  async run(tools) {
    const mode = loadModeOf(tools.isSet);
    if (!await isTrusted(tools)) return 1;
    const { log, config: { region }, named, say } = tools;
    const executor = createMetadefExecutor({ log, region, service: 'operator', clock: () => new Date() });
    const { loaded, unchanged, failed } = await loadNamespaces(named.length === 0 ? usualFiles() : namespaceFiles(named), mode, {
      execute: (message) => executor.execute(message), load: (name) => loadNamespace(log, region, name), say,
    });
    say(`${loaded} namespaces loaded, ${unchanged} as they were, ${failed} failed.`);
    return failed === 0 ? 0 : 1;
  },
});

async function isTrusted({ config, log, say, commandLine }: OperatorTools): Promise<boolean> {
  const readModel = await openReadModel({ url: config.databaseUrl, poolSize: 1 });
  try {
    const judgement = await compareWithMemory(log, readModel);
    if (judgement !== 'trusted') say(`The event log cannot be trusted: ${judgement.lost}. First run: ${commandLine('log:repair')}`);
    return judgement === 'trusted';
  } finally {
    await readModel.close();
  }
}
