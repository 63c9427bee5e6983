import { serve } from '#libs/platform';
import { ImporterConfig } from './config.js';
import { ImporterModule } from './importer.module.js';

await serve({ name: 'importer', config: ImporterConfig, module: () => ImporterModule });
