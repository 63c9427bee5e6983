import type { DynamicModule } from '@nestjs/common';
import type { ServiceParts } from '#libs/platform';
import { catalogToken, openCatalog } from './catalog.js';
import type { CatalogConfig } from './config.js';
import { ImageHandler } from './images/image.handler.js';

class CatalogModule {}

/** Everything the catalog consists of: its work, and the handler through which others ask for it. */
export async function catalogModule(parts: ServiceParts<CatalogConfig>): Promise<DynamicModule> {
  const catalog = await openCatalog(parts);
  return {
    module: CatalogModule,
    controllers: [ImageHandler],
    providers: [{ provide: catalogToken, useValue: catalog }],
  };
}
