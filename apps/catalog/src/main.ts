import { serve } from '#libs/platform';
import { catalogModule } from './catalog.module.js';
import { CatalogConfig } from './config.js';

await serve({ name: 'catalog', config: CatalogConfig, module: catalogModule, answers: true });
