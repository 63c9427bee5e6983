import { serve } from '#libs/platform';
import { StagingConfig } from './config.js';
import { StagingModule } from './staging.module.js';

await serve({ name: 'staging', config: StagingConfig, module: () => StagingModule });
