import { serve } from '#libs/platform';
import { ImporterConfig } from './config.js';
import { importerModule } from './importer.module.js';

await serve({ name: 'importer', config: ImporterConfig, module: importerModule });
