import { serve } from '#libs/platform';
import { FederationConfig } from './config.js';
import { FederationModule } from './federation.module.js';

await serve({ name: 'federation', config: FederationConfig, module: () => FederationModule });
