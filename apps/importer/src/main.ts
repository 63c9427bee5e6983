import { serve } from '#libs/platform';
import { ImporterConfig } from './config.js';
import { importerModule } from './importer.module.js';

await serve({ name: 'importer', movesBytes: true, config: ImporterConfig, module: importerModule });
